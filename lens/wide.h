/* wide.h - plain C compiled twice, for AVX2 and for any processor; the loader
 * takes what fits.  For whole numbers only: those give the same bits.
 */
#ifndef LENS_WIDE_H
#define LENS_WIDE_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
	!defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#endif
