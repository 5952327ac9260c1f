/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: as which card the device shows itself
 */
#include "qemu/osdep.h"
#include "base/identity.h"

static const ConnectXIdentity cx_identities[] = {
    { "connectx-6-dx", 0x101d, 0x212, 22, "QEM0000000001" },
    { "connectx-7",    0x1021, 0x218, 28, "QEM0000000002" },
    { "bluefield-3",   0xa2dc, 0x21c, 32, "QEM0000000003" },
};

const ConnectXIdentity *cx_identity_default(void)
{
    return &cx_identities[0];
}

const ConnectXIdentity *cx_identity_find(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(cx_identities); i++) {
        if (!strcmp(name, cx_identities[i].name)) {
            return &cx_identities[i];
        }
    }
    return NULL;
}
