/* datum.c - see datum.h for the source of the formula. */
#include "base/datum.h"

#include <math.h>

static const double pi = 3.14159265358979323846;
static const double krasovsky_a = 6378245.0;
static const double krasovsky_e2 = 0.00669342162296594323;

bool datum_in_china(struct datum_point p)
{
	return p.lon >= 72.004 && p.lon <= 137.8347 && p.lat >= 0.8293 && p.lat <= 55.8271;
}

/* The two published sums, in metres. */
static double shift_north(double x, double y)
{
	double ret = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x));
	ret += (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0;
	ret += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0;
	ret += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0;
	return ret;
}

static double shift_east(double x, double y)
{
	double ret = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x));
	ret += (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0;
	ret += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0;
	ret += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0;
	return ret;
}

static struct datum_point distort(struct datum_point wgs)
{
	double north = shift_north(wgs.lon - 105.0, wgs.lat - 35.0);
	double east = shift_east(wgs.lon - 105.0, wgs.lat - 35.0);
	double lat = wgs.lat / 180.0 * pi;
	double w2 = 1.0 - krasovsky_e2 * sin(lat) * sin(lat);
	double w = sqrt(w2);
	double metres_lat = krasovsky_a * (1.0 - krasovsky_e2) / (w2 * w) * pi / 180.0;
	double metres_lon = krasovsky_a / w * cos(lat) * pi / 180.0;
	return (struct datum_point){ wgs.lon + east / metres_lon, wgs.lat + north / metres_lat };
}

struct datum_point datum_wgs_to_gcj(struct datum_point wgs)
{
	return datum_in_china(wgs) ? distort(wgs) : wgs;
}

/* The shift changes slowly (below 1 % of the way moved), so each step wins two
 * digits; ten reach the limits of a double. */
static struct datum_point undo(struct datum_point to, struct datum_point (*forth)(struct datum_point))
{
	struct datum_point p = to;
	for (int i = 0; i < 30; i++) {
		struct datum_point got = forth(p);
		double lon = got.lon - to.lon, lat = got.lat - to.lat;
		p.lon -= lon;
		p.lat -= lat;
		if (fabs(lon) < 1e-10 && fabs(lat) < 1e-10)
			break;
	}
	return p;
}

struct datum_point datum_gcj_to_wgs(struct datum_point gcj)
{
	return datum_in_china(gcj) ? undo(gcj, distort) : gcj;
}

static struct datum_point shift_baidu(struct datum_point gcj)
{
	double k = pi * 3000.0 / 180.0;
	double z = hypot(gcj.lon, gcj.lat) + 0.00002 * sin(gcj.lat * k);
	double theta = atan2(gcj.lat, gcj.lon) + 0.000003 * cos(gcj.lon * k);
	return (struct datum_point){ z * cos(theta) + 0.0065, z * sin(theta) + 0.006 };
}

struct datum_point datum_gcj_to_bd(struct datum_point gcj)
{
	return datum_in_china(gcj) ? shift_baidu(gcj) : gcj;
}

struct datum_point datum_bd_to_gcj(struct datum_point bd)
{
	return datum_in_china(bd) ? undo(bd, shift_baidu) : bd;
}
