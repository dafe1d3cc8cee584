// A model is no kind of file that Vite knows.
export default { base: "./", assetsInclude: ["**/*.safetensors"], build: { target: "es2022" }, worker: { format: "es" } };
