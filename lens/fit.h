/* fit.h - polynomials through points by least squares. */
#ifndef LENS_FIT_H
#define LENS_FIT_H

/* v ~ c[0] + c[1] t + c[2] t^2.  Fewer than three different times give a line
 * (c[2] = 0), fewer than two a constant.  Root mean square residual. */
double fit_parabola(const double *t, const double *v, int n, double c[3]);
/* The same with c[2] held near 'expected': as if it had been observed once with
 * 'trust' = (noise of a point / noise of the expectation)^2.  From two points
 * on; with trust 0 it is fit_parabola. */
double fit_parabola_near(const double *t, const double *v, int n, double expected, double trust, double c[3]);
/* The same with c[2] = 0. */
double fit_line(const double *t, const double *v, int n, double c[3]);
/* Standard errors of c[0], c[1], c[2] at t = 0 when each point is off by 'noise'. */
void fit_errors(const double *t, int n, double noise, double error[3]);
static inline double fit_at(const double c[3], double t)
{
	return c[0] + (c[1] + c[2] * t) * t;
}

#endif
