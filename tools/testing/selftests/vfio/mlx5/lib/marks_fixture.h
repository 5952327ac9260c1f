/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of the tests of marks: a sample device, and nothing mapped.
 * Included after kselftest_harness.h.
 */
#ifndef SELFTEST_MARKS_FIXTURE_H
#define SELFTEST_MARKS_FIXTURE_H

#include "sample_marks.h"

FIXTURE(marks) {
	struct marks marks;
};

FIXTURE_SETUP(marks)
{
	const char *skip = marks_open(&self->marks);

	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(marks)
{
	marks_close(&self->marks);
}

#endif /* SELFTEST_MARKS_FIXTURE_H */
