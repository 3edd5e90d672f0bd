/* datum.h - Chinese map datums.  Pure; degrees, longitude first.
 *
 * GCJ-02 has no official public formula.  This is the widely published one
 * ("eviltransform"): a distortion of WGS-84 written on the Krasovsky 1940
 * ellipsoid (a = 6378245 m, e2 = 0.00669342162296594323) by sums of sines.
 * BD-09 is Baidu's further shift of GCJ-02.  Both agree with the map vendors to
 * a metre or so; the way back is exact to the digits of a double here.
 */
#ifndef DATUM_H
#define DATUM_H

#include <stdbool.h>

struct datum_point {
	double lon, lat;
};

/* The usual rectangle (72.004..137.8347 E, 0.8293..55.8271 N); outside it
 * GCJ-02 equals WGS-84.  Coarse: it also holds parts of other countries. */
bool datum_in_china(struct datum_point p);
struct datum_point datum_wgs_to_gcj(struct datum_point wgs);
/* By iteration to 1e-9 degree (0.1 mm). */
struct datum_point datum_gcj_to_wgs(struct datum_point gcj);
/* By iteration too, against datum_gcj_to_bd(). */
struct datum_point datum_bd_to_gcj(struct datum_point bd);
struct datum_point datum_gcj_to_bd(struct datum_point gcj);

#endif
