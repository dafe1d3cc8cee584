// The page by webpack and by esbuild, which finds no files by `new URL`: they and the worker are put beside the bundle.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";

const page = async (folder) => {
  const text = await readFile("index.html", "utf8");
  await writeFile(`${folder}/index.html`, text.replace(/src="[^"]*main\.ts"/, 'src="main.js"'));
};

await build({ entryPoints: ["main.ts"], outdir: "stripped", format: "esm", target: "es2022" });
const webpack = spawnSync("npx", ["webpack", "--no-color"], { encoding: "utf8" });
if (webpack.status !== 0) throw new Error(webpack.stdout + webpack.stderr);
await page("webpack");

const entryPoints = { main: "main.ts", worker: "node_modules/dabnet/worker.js" };
await build({ entryPoints, outdir: "esbuild", bundle: true, splitting: true, format: "esm", target: "es2022", logLevel: "error" });
await mkdir("esbuild/dabnet", { recursive: true });
for (const file of ["dabnet.wasm", "dabnet-scalar.wasm"]) await copyFile(`node_modules/dabnet/${file}`, `esbuild/${file}`);
await copyFile("node_modules/dabnet/quickdraw-20.safetensors", "esbuild/dabnet/quickdraw-20.safetensors");
await page("esbuild");
