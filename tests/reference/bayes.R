# Makes the values that tests/test_bayes.py compares with: base R, by numerical integration over tau.
#
#   Rscript tests/reference/bayes.R
#
# prints, for each data set, median and 95 % interval of the mean rate, then the interval of a further center.

posterior <- function(x, n, scale = 0.5) {
  y <- log(x / (n - x))
  v <- 1 / x + 1 / (n - x)
  weights <- function(tau) 1 / (v + tau^2)
  mean_at <- function(tau) sum(weights(tau) * y) / sum(weights(tau))
  density <- function(tau) {
    w <- weights(tau)
    exp(0.5 * sum(log(w)) - 0.5 * log(sum(w)) - 0.5 * sum(w * (y - mean_at(tau))^2) - 0.5 * (tau / scale)^2)
  }
  over <- function(f) integrate(Vectorize(f), 0, Inf, rel.tol = 1e-10)$value
  below <- function(q, new) over(function(tau) density(tau) * pnorm(q, mean_at(tau), sqrt(1 / sum(weights(tau)) + new * tau^2)))
  quantile <- function(p, new) uniroot(function(q) below(q, new) / over(density) - p, c(-10, 10), tol = 1e-10)$root
  plogis(c(quantile(0.5, 0), quantile(0.025, 0), quantile(0.975, 0), quantile(0.025, 1), quantile(0.975, 1)))
}
print(posterior(c(0.49 * 150, 0.52 * 213), c(150, 213)), digits = 8)
print(posterior(c(0.29 * 23, 0.52 * 310), c(23, 310)), digits = 8)
print(posterior(c(3, 9, 14), c(10, 20, 18)), digits = 8)
