/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor of a machine.
 *
 * QEMU writes each message in one line; texts of the model's properties hold
 * nothing that JSON escapes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "qmp.h"

#define MESSAGE_BYTES   4096

/* One line, byte by byte: it is short and this is no fast path. */
static void read_message(Qtest *q, char message[MESSAGE_BYTES])
{
    size_t n = 0;

    do {
        if (n == MESSAGE_BYTES - 1 ||
            read(qtest_qmp_fd(q), message + n, 1) != 1) {
            fail_msg("the monitor is gone or says too much");
        }
    } while (message[n++] != '\n');
    message[n - 1] = '\0';
}

/* The answer to a command; events and the greeting are passed over. */
static void execute(Qtest *q, const char *command, char answer[MESSAGE_BYTES])
{
    size_t len = strlen(command);

    assert_int_equal(write(qtest_qmp_fd(q), command, len), len);
    do {
        read_message(q, answer);
    } while (strncmp(answer, "{\"return\"", 9) &&
             strncmp(answer, "{\"error\"", 8));
}

/* After the first time the monitor says that there is nothing to do. */
static void greet(Qtest *q)
{
    char answer[MESSAGE_BYTES];

    execute(q, "{ \"execute\": \"qmp_capabilities\" }\n", answer);
}

static void qom(Qtest *q, const char *command, const char *path,
                const char *property, const char *value,
                char answer[MESSAGE_BYTES])
{
    char message[MESSAGE_BYTES];

    greet(q);
    snprintf(message, sizeof(message), "{ \"execute\": \"%s\", \"arguments\": "
             "{ \"path\": \"%s\", \"property\": \"%s\"%s%s } }\n", command,
             path, property, value ? ", \"value\": " : "",
             value ? value : "");
    execute(q, message, answer);
}

/* The value in an answer: what is left of it after the "return". */
static const char *must_return(const char *answer)
{
    static const char begin[] = "{\"return\": ";

    if (strncmp(answer, begin, sizeof(begin) - 1)) {
        fail_msg("the monitor says %s", answer);
    }
    return answer + sizeof(begin) - 1;
}

uint64_t qmp_number(Qtest *q, const char *path, const char *property)
{
    char answer[MESSAGE_BYTES];

    qom(q, "qom-get", path, property, NULL, answer);
    return strtoull(must_return(answer), NULL, 10);
}

void qmp_text(Qtest *q, const char *path, const char *property,
              char text[QMP_TEXT_BYTES])
{
    char answer[MESSAGE_BYTES];
    const char *value;
    size_t len;

    qom(q, "qom-get", path, property, NULL, answer);
    value = must_return(answer);
    assert_int_equal(*value, '"');
    len = strrchr(value, '"') - (value + 1);
    assert_in_range(len, 0, QMP_TEXT_BYTES - 1);
    memcpy(text, value + 1, len);
    text[len] = '\0';
}

void qmp_set_number(Qtest *q, const char *path, const char *property,
                    uint64_t value)
{
    char text[32], answer[MESSAGE_BYTES];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    qom(q, "qom-set", path, property, text, answer);
    must_return(answer);
}

void qmp_set_bool(Qtest *q, const char *path, const char *property, bool on)
{
    char answer[MESSAGE_BYTES];

    qom(q, "qom-set", path, property, on ? "true" : "false", answer);
    must_return(answer);
}

void qmp_set_text(Qtest *q, const char *path, const char *property,
                  const char *value)
{
    char text[QMP_TEXT_BYTES], answer[MESSAGE_BYTES];

    snprintf(text, sizeof(text), "\"%s\"", value);
    qom(q, "qom-set", path, property, text, answer);
    must_return(answer);
}

bool qmp_refuses(Qtest *q, const char *path, const char *property,
                 const char *value)
{
    char text[QMP_TEXT_BYTES], answer[MESSAGE_BYTES];

    qom(q, "qom-get", path, property, NULL, answer);
    must_return(answer);
    snprintf(text, sizeof(text), "\"%s\"", value);
    qom(q, "qom-set", path, property, text, answer);
    return !strncmp(answer, "{\"error\"", 8);
}

void qmp_stop(Qtest *q)
{
    char answer[MESSAGE_BYTES];

    greet(q);
    execute(q, "{ \"execute\": \"stop\" }\n", answer);
    must_return(answer);
}

void qmp_cont(Qtest *q)
{
    char answer[MESSAGE_BYTES];

    greet(q);
    execute(q, "{ \"execute\": \"cont\" }\n", answer);
    must_return(answer);
}
