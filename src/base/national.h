/* national.h - formats of the People's Republic that a register checks before
 * it keeps a value: licence plates, resident identity numbers, telephone
 * numbers.  Pure; what is accepted comes back in one written form, so that two
 * spellings of one thing compare equal.
 *
 * Whether such a thing exists is not known here: a number that fits may belong
 * to nobody.
 */
#ifndef NATIONAL_H
#define NATIONAL_H

#include "base/base.h"

/* ---- licence plates -------------------------------------------------------------- */

/* GA 36-2018 "Licence plates of motor vehicles": a province, a letter of the
 * issuing office and five characters; six for new-energy vehicles (a letter of
 * D A B C E, F G H J K in front of five for small cars, or behind five digits for large
 * ones).  I and O are not used in the serial.  Special plates carry a word at
 * the end; military ones (GJB) are recognised by their two letters alone. */
enum plate_kind {
	PLATE_NONE,
	PLATE_STANDARD,     /* 赣A12345 */
	PLATE_NEW_ENERGY,   /* 赣AD12345 */
	PLATE_TRAILER,      /* 赣A1234挂 */
	PLATE_COACH,        /* 赣A1234学 */
	PLATE_POLICE,       /* 赣A1234警 */
	PLATE_CROSS_BORDER, /* 粤Z1234港, 粤Z1234澳 */
	PLATE_CONSULAR,     /* 沪A1234领 */
	PLATE_EMBASSY,      /* 使123456, 123456使 */
	PLATE_EMERGENCY,    /* 京X1234应急 */
	PLATE_MILITARY,     /* VA12345, WJ赣1234X */
};
#define PLATE_KINDS (PLATE_MILITARY + 1)
/* "standard" ..., by kind; NULL-terminated; the first is "none". */
extern const char *const plate_kinds[PLATE_KINDS + 1];

/* Space, dots and hyphens away, full-width characters narrow, letters upper
 * case: "赣a · d１２３４５" is "赣AD12345".  PLATE_NONE: no plate, *ret is the tidied
 * text all the same. */
enum plate_kind plate_read(struct arena *a, struct str in, struct str *ret);
/* Plates of e-bikes are each city's own: 4 to 12 letters, digits and
 * characters after the same tidying. */
bool plate_read_e_bike(struct arena *a, struct str in, struct str *ret);

/* ---- identity numbers -------------------------------------------------------------- */

/* GB 11643-1999: six digits of the region (GB/T 2260; its province is checked),
 * the date of birth, three of the order, and a check character by ISO/IEC 7064
 * MOD 11-2.  Numbers of 15 digits ended on 2013-01-01 (Resident Identity Card
 * Law of 2011) and are refused.  'today' is microseconds: a birth after it, or
 * before 1900, is none. */
enum id_fault {
	ID_FINE,
	ID_LENGTH, /* not 18 characters */
	ID_DIGIT,  /* something but digits, and X at the end */
	ID_REGION, /* no such province */
	ID_DATE,   /* no such day, before 1900, or still to come */
	ID_CHECK,  /* the check character does not fit */
};
extern const char *const id_faults[]; /* "fine", "length" ... */
/* Space away, x as X.  *ret is set for ID_FINE alone. */
enum id_fault id_read(struct arena *a, struct str in, int64_t today, struct str *ret);
/* The check character of 17 digits; 0 when they are none. */
char id_check_digit(struct str first17);

/* ---- telephone numbers -------------------------------------------------------------- */

/* The numbering plan of the telecommunication network (MIIT, 2017 edition):
 * mobile numbers 1[3-9] and nine digits; fixed ones an area code (010, 02x with
 * eight digits; 03xx to 09xx with seven or eight), which do not begin with 0, 1
 * or 9; 400 and 800 numbers.  +86 and 0086 in front are understood; other
 * countries as E.164, "+" and 7 to 15 digits. */
enum phone_kind { PHONE_NONE, PHONE_MOBILE, PHONE_FIXED, PHONE_SERVICE, PHONE_ABROAD };
/* "13870000000", "0791-86123456" (with "-1234" for an extension of up to six
 * digits), "4001234567", "+33142685300".  *ret is set unless PHONE_NONE. */
enum phone_kind phone_read(struct arena *a, struct str in, struct str *ret);

#endif
