/* SPDX-License-Identifier: GPL-2.0-only */
/* What the pure code of the modules uses of it, in user space */
#ifndef UNIT_LINUX_MINMAX_H
#define UNIT_LINUX_MINMAX_H

#define min(a, b)					\
({							\
	__typeof__(a) min_a = (a);			\
	__typeof__(b) min_b = (b);			\
							\
	min_a < min_b ? min_a : min_b;			\
})

#define max(a, b)					\
({							\
	__typeof__(a) max_a = (a);			\
	__typeof__(b) max_b = (b);			\
							\
	max_a > max_b ? max_a : max_b;			\
})

#endif /* UNIT_LINUX_MINMAX_H */
