// Stands for MathJax, which JupyterLab loads for every label: the board has no formula.
/** @type {any} */ (window).MathJax = {
  Hub: { Config() {}, Configured() {}, Queue() {}, Register: { StartupHook() {} } },
  InputJax: { TeX: { resetEquationNumbers() {} } },
};
