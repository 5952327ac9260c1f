/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor of a machine: properties that tests set and read while it runs.
 *
 * @path is a QOM path or a device's id.  A property that is refused or is not
 * there ends the running test as failed, but for qmp_refuses().
 */
#ifndef TESTS_QMP_H
#define TESTS_QMP_H

#include "qtest.h"

#define QMP_TEXT_BYTES  512

uint64_t qmp_number(Qtest *q, const char *path, const char *property);
void qmp_text(Qtest *q, const char *path, const char *property,
              char text[QMP_TEXT_BYTES]);
void qmp_set_number(Qtest *q, const char *path, const char *property,
                    uint64_t value);
void qmp_set_bool(Qtest *q, const char *path, const char *property, bool on);
void qmp_set_text(Qtest *q, const char *path, const char *property,
                  const char *value);
/* True when the property is there and does not take that text. */
bool qmp_refuses(Qtest *q, const char *path, const char *property,
                 const char *value);

/*
 * Stops and starts the machine's virtual clock: in between no timer of the
 * model fires, but registers and bottom halves work.
 */
void qmp_stop(Qtest *q);
void qmp_cont(Qtest *q);

#endif
