# Makes the values that tests/test_pooling.py compares with. Needs R and metafor 3.8-1 (Debian: r-cran-metafor).
#
#   Rscript tests/reference/metafor.R
#
# reads   datasets.csv  what each data set is for and which measures it is computed for
#         cases.csv     its studies
# writes  effects.csv   escalc: yi and vi of every study
#         fits.csv      rma, predict and confint (Q-profile): every data set and measure by REML, DL, PM and knha, adhoc, z
#         leave1out.csv, cumul.csv   with the normal interval beside that of the test; leave1out with rstudent
#         subgroups.csv the BCG trials by how patients were allocated, each group with its own tau2
#         wilson.csv    prop.test(correct=FALSE), in percent
#         made_with.csv versions of R and metafor

suppressMessages(library(metafor))
if (packageVersion("metafor") != "3.8.1") stop("expected metafor 3.8-1, found ", packageVersion("metafor"))

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
here <- if (length(script)) dirname(normalizePath(script)) else "tests/reference"
get <- function(name) read.csv(file.path(here, name), stringsAsFactors = FALSE)
put <- function(table, name) {
  for (column in names(table)) {
    if (is.double(table[[column]])) {
      table[[column]] <- ifelse(is.na(table[[column]]), "", sprintf("%.17g", table[[column]]))
    }
  }
  write.csv(table, file.path(here, name), row.names = FALSE, quote = FALSE, na = "")
}
stack <- function(rows) do.call(rbind, rows)

# The searches for tau2 go on until they agree to far more than is compared. The defaults stop at a step of 1e-5
# (REML) or an interval of 1.2e-4 (PM); default_tau2 keeps what they give.
controls <- function(effects, method) {
  scale <- min(effects$vi) + var(effects$yi)
  switch(method,
    DL = list(list()),
    PM = list(list(tol = 1e-15 * scale, maxiter = 1e5, tau2.max = 1e6 * scale)),
    REML = lapply(c(1, 0.5, 0.1), function(share) list(threshold = 1e-13 * scale, maxiter = 1e5, stepadj = share))
  )
}

fit <- function(effects, method, test) {
  for (control in controls(effects, method)) {
    found <- try(suppressWarnings(rma(yi, vi, data = effects, method = method, test = test, control = control)), TRUE)
    if (!inherits(found, "try-error")) return(found)
  }
  stop(found)
}

by_default <- function(effects, method) {
  note <- ""
  found <- withCallingHandlers(
    try(rma(yi, vi, data = effects, method = method), silent = TRUE),
    warning = function(w) {
      if (grepl("local maximum", conditionMessage(w))) note <<- "set to 0"
      invokeRestart("muffleWarning")
    }
  )
  if (inherits(found, "try-error")) {
    reason <- if (grepl("tau2.max", found)) "tau2.max too low" else "did not converge"
    return(list(tau2 = NA_real_, note = reason))
  }
  list(tau2 = found$tau2, note = note)
}

datasets <- get("datasets.csv")
cases <- get("cases.csv")
effects_of <- function(dataset, measure) {
  d <- cases[cases$dataset == dataset, ]
  if (measure == "GEN") return(data.frame(study = d$study, yi = d$yi, vi = d$vi))
  if (measure == "PLO") return(data.frame(study = d$study, escalc("PLO", xi = d$xi, ni = d$ni)[c("yi", "vi")]))
  # RD: the difference itself has no added half, its variance has one where a cell is empty.
  data.frame(study = d$study, escalc(measure, ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i, addyi = measure != "RD")[c("yi", "vi")])
}
back <- function(measure) switch(measure, PLO = transf.ilogit, RR = exp, OR = exp, identity)

# metafor gives the empty set as tau2.min, with a sign; NA where its search does not end.
profile_of <- function(e, r) {
  scale <- min(e$vi) + var(e$yi)
  found <- try(suppressWarnings(confint(r, control = list(tol = 1e-14 * scale, maxiter = 1e5, tau2.max = 1e8 * scale))), TRUE)
  if (inherits(found, "try-error")) return(rep(NA_real_, 4))
  c(found$random["tau^2", 2:3], found$random["I^2(%)", 2:3])
}

effects <- list()
fits <- list()
summaries <- list()
for (i in seq_len(nrow(datasets))) {
  for (measure in strsplit(datasets$measures[i], " ")[[1]]) {
    name <- datasets$dataset[i]
    e <- effects_of(name, measure)
    e$yi <- as.numeric(e$yi)
    effects[[length(effects) + 1]] <- data.frame(dataset = name, measure = measure, e)
    for (method in c("DL", "PM", "REML")) {
      default <- by_default(e, method)
      for (test in c("knha", "adhoc", "z")) {
        r <- fit(e, method, test)
        p <- predict(r)
        natural <- predict(r, transf = back(measure))
        q <- profile_of(e, r)
        fits[[length(fits) + 1]] <- data.frame(
          dataset = name, measure = measure, method = method, test = test, k = r$k,
          estimate = c(r$beta), se = r$se, ci_lb = r$ci.lb, ci_ub = r$ci.ub, pi_lb = p$pi.lb, pi_ub = p$pi.ub,
          tau2 = r$tau2, i2 = r$I2, h2 = r$H2, qe = r$QE, qep = r$QEp, tau2_lb = q[1], tau2_ub = q[2], i2_lb = q[3],
          i2_ub = q[4], weight_1 = unname(weights(r)[1]),
          natural_estimate = natural$pred, natural_ci_lb = natural$ci.lb, natural_ci_ub = natural$ci.ub,
          natural_pi_lb = natural$pi.lb, natural_pi_ub = natural$pi.ub,
          default_tau2 = default$tau2, default_note = default$note
        )
      }
    }
  }
}
put(stack(effects), "effects.csv")
put(stack(fits), "fits.csv")

# Each study left out in turn, and studies added one by one (from the second on).
many <- list(
  c("rates_resection", "PLO", "REML", "knha"), c("rates_none_and_all", "PLO", "REML", "z"),
  c("rates_scattered", "PLO", "PM", "knha"), c("rates_alike", "PLO", "REML", "z"),
  c("arms_bcg", "RR", "REML", "knha"), c("arms_bcg", "OR", "DL", "z"), c("arms_empty_cell", "RD", "PM", "z"),
  c("effects_circles_1", "GEN", "REML", "knha"), c("effects_equal_variances", "GEN", "REML", "knha")
)
table_of <- function(case, found, from) {
  keep <- from:length(found$estimate)
  data.frame(
    dataset = case[1], measure = case[2], method = case[3], test = case[4], row = keep, estimate = found$estimate[keep],
    se = found$se[keep], ci_lb = found$ci.lb[keep], ci_ub = found$ci.ub[keep], qe = found$Q[keep], qep = found$Qp[keep],
    tau2 = found$tau2[keep], i2 = found$I2[keep], h2 = found$H2[keep]
  )
}
fit_of <- function(case, test = case[4]) fit(effects_of(case[1], case[2]), case[3], test)
normal <- function(case, many, from) {
  found <- many(fit_of(case, "z"))
  keep <- from:length(found$estimate)
  data.frame(normal_lb = found$ci.lb[keep], normal_ub = found$ci.ub[keep])
}
put(stack(lapply(many, function(case) {
  data.frame(table_of(case, leave1out(fit_of(case)), 1), normal(case, leave1out, 1), rstudent = rstudent(fit_of(case))$z)
})), "leave1out.csv")
put(stack(lapply(many, function(case) data.frame(table_of(case, cumul(fit_of(case)), 2), normal(case, cumul, 2)))), "cumul.csv")

# Groups pooled apart; `studies` are the rows of a group. alloc is metafor's own column of these trials.
alloc <- dat.bcg$alloc
groups <- lapply(list(c("arms_bcg", "RR", "REML", "knha"), c("arms_bcg", "OR", "DL", "z")), function(case) {
  e <- effects_of(case[1], case[2])
  stack(lapply(unique(alloc), function(group) {
    r <- fit(e[alloc == group, ], case[3], case[4])
    p <- predict(r)
    normal <- fit(e[alloc == group, ], case[3], "z")
    data.frame(
      dataset = case[1], measure = case[2], method = case[3], test = case[4], group = group,
      studies = paste(which(alloc == group), collapse = " "), k = r$k, estimate = c(r$beta), se = r$se, ci_lb = r$ci.lb,
      ci_ub = r$ci.ub, normal_lb = normal$ci.lb, normal_ub = normal$ci.ub,
      pi_lb = p$pi.lb, pi_ub = p$pi.ub, tau2 = r$tau2, i2 = r$I2, h2 = r$H2, qe = r$QE, qep = r$QEp
    )
  }))
})
put(stack(groups), "subgroups.csv")

x <- c(0, 1, 3, 5, 7, 10, 18, 23, 49, 73, 120, 250, 339, 0, 1, 999999)
n <- c(10, 10, 10, 5, 9, 10, 19, 23, 100, 150, 213, 339, 339, 1, 1, 1000000)
bounds <- t(mapply(function(x, n) suppressWarnings(prop.test(x, n, correct = FALSE))$conf.int, x, n))
put(data.frame(x = x, n = n, percent = 100 * x / n, lb = 100 * bounds[, 1], ub = 100 * bounds[, 2]), "wilson.csv")

put(data.frame(name = c("R", "metafor"), version = c(as.character(getRversion()), "3.8-1")), "made_with.csv")
