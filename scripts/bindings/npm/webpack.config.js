// webpack finds the module, its worker and the model by itself; types are taken away before.
export default {
  mode: "production",
  entry: "./stripped/main.js",
  experiments: { topLevelAwait: true },
  output: { path: `${import.meta.dirname}/webpack`, filename: "main.js", clean: true },
  performance: { hints: false },
};
