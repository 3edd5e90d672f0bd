#include "lens/fit.h"

#include <math.h>

static double residual(const double *t, const double *v, int n, const double c[3])
{
	double sum = 0;

	for (int i = 0; i < n; i++) {
		double r = v[i] - fit_at(c, t[i]);

		sum += r * r;
	}
	return n > 0 ? sqrt(sum / n) : 0;
}

double fit_line(const double *t, const double *v, int n, double c[3])
{
	double st = 0, stt = 0, sv = 0, svt = 0, det;

	for (int i = 0; i < n; i++) {
		st += t[i];
		stt += t[i] * t[i];
		sv += v[i];
		svt += v[i] * t[i];
	}
	det = n * stt - st * st;
	c[2] = 0;
	c[1] = det > 1e-12 ? (n * svt - st * sv) / det : 0;
	c[0] = n > 0 ? (sv - c[1] * st) / n : 0;
	return residual(t, v, n, c);
}

/* Sums over u = t - mean and w = u^2 - p u - q, which are orthogonal to each
 * other and to 1: no cancellation, whatever the origin. */
struct sums {
	double mean, p, q, uu, ww, v, uv, wv;
};

static struct sums sums_of(const double *t, const double *v, int n)
{
	struct sums s = { 0 };
	double uuu = 0;

	for (int i = 0; i < n; i++)
		s.mean += t[i] / n;
	for (int i = 0; i < n; i++) {
		double u = t[i] - s.mean;

		s.uu += u * u;
		uuu += u * u * u;
		s.v += v[i];
		s.uv += u * v[i];
	}
	if (s.uu < 1e-12)
		return s;
	s.p = uuu / s.uu;
	s.q = s.uu / n;
	for (int i = 0; i < n; i++) {
		double u = t[i] - s.mean, w = u * u - s.p * u - s.q;

		s.ww += w * w;
		s.wv += w * v[i];
	}
	return s;
}

double fit_parabola_near(const double *t, const double *v, int n, double expected, double trust, double c[3])
{
	struct sums s = sums_of(t, v, n);
	double a, b;

	if (n < 2 || s.uu < 1e-12 || (trust <= 0 && s.ww < 1e-12 * s.uu))
		return fit_line(t, v, n, c);
	a = (s.wv + expected * trust) / (s.ww + trust);
	b = s.uv / s.uu;
	/* back to powers of t */
	c[2] = a;
	c[1] = b - a * s.p - 2 * a * s.mean;
	c[0] = s.v / n - b * s.mean + a * (s.mean * s.mean + s.p * s.mean - s.q);
	return residual(t, v, n, c);
}

double fit_parabola(const double *t, const double *v, int n, double c[3])
{
	return fit_parabola_near(t, v, n, 0, 0, c);
}

void fit_errors(const double *t, int n, double noise, double error[3])
{
	struct sums s = sums_of(t, t, n);
	double m = s.mean, at_0 = m * m + s.p * m - s.q, slope_0 = -(s.p + 2 * m);

	error[0] = error[1] = error[2] = HUGE_VAL;
	if (n < 3 || s.ww < 1e-12)
		return;
	error[2] = noise * sqrt(1 / s.ww);
	error[1] = noise * sqrt(1 / s.uu + slope_0 * slope_0 / s.ww);
	error[0] = noise * sqrt(1.0 / n + m * m / s.uu + at_0 * at_0 / s.ww);
}
