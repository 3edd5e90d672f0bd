/* near.h - doubles that must be close. */
#ifndef TEST_NEAR_H
#define TEST_NEAR_H

#include <math.h>

#define assert_near(a, b, most)                                                               \
	do {                                                                                  \
		double near_a_ = (a), near_b_ = (b), near_most_ = (most);                     \
		if (!(fabs(near_a_ - near_b_) <= near_most_))                                 \
			fail_msg("%s is %g, not %g +- %g", #a, near_a_, near_b_, near_most_); \
	} while (0)

#endif
