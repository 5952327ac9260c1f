/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: memory keys
 */
#ifndef HW_NET_CONNECTX_MKEY_H
#define HW_NET_CONNECTX_MKEY_H

#include "base/types.h"
#include "base/status.h"

void cx_mkey_register(void);

/*
 * cx_mkey_read/write - Copy through a memory key of the function, as commands
 * do.
 * CX_OK, CX_BAD_RESOURCE (no such key), CX_BAD_PARAM (outside of it, no such
 * right, bound to a queue), CX_INTERNAL (bus error).
 */
ConnectXStatus cx_mkey_read(ConnectXFunction *fn, uint32_t mkey, uint64_t va,
                            void *buf, uint64_t len);
ConnectXStatus cx_mkey_write(ConnectXFunction *fn, uint32_t mkey, uint64_t va,
                             const void *buf, uint64_t len);
/* Has the key a list of other keys, not of pages? */
bool cx_mkey_is_indirect(const ConnectXObj *key);
/* Keys with a fixed meaning; their indices lie below the first allocated. */
#define CX_MKEY_RESERVED_LKEY   0x1700      /* bus addresses as they are */
#define CX_MKEY_TERMINATE_LIST  0x0100

/* Of a user that keys of all protection domains serve */
#define CX_MKEY_ANY_PD          UINT32_MAX

/* A queue that uses a key: its protection domain and its number */
typedef struct ConnectXKeyUser {
    uint32_t pd, number;
    bool reserved;                          /* may use that key */
} ConnectXKeyUser;

/*
 * cx_mkey_gather/scatter - The same for a queue, whose protection domain must
 * be the key's, and for which the key must be if it is bound to one. False if
 * the key does not allow it.
 */
bool cx_mkey_gather(ConnectXFunction *fn, ConnectXKeyUser by, uint32_t mkey,
                    uint64_t va, void *buf, uint64_t len);
bool cx_mkey_scatter(ConnectXFunction *fn, ConnectXKeyUser by, uint32_t mkey,
                     uint64_t va, const void *buf, uint64_t len);

/* What a peer may have done through a key */
typedef enum ConnectXKeyRight {
    CX_KEY_REMOTE_READ,
    CX_KEY_REMOTE_WRITE,
    CX_KEY_ATOMIC,
    CX_KEY_LOCAL_READ,
    CX_KEY_LOCAL_WRITE,
} ConnectXKeyRight;

/* Does the key allow that for all of [va, va + len)? Nothing is always. */
bool cx_mkey_allows(ConnectXFunction *fn, ConnectXKeyUser by, uint32_t mkey,
                    uint64_t va, uint64_t len, ConnectXKeyRight right);
/*
 * Takes the key back for a peer of the queue: it is free then, until a request
 * fills it again. False: the peer may not.
 */
bool cx_mkey_invalidate(ConnectXFunction *fn, ConnectXKeyUser by,
                        uint32_t mkey);
/* Copies as a peer of the queue asks for it, who has that right. */
bool cx_mkey_remote(ConnectXFunction *fn, ConnectXKeyUser by, uint32_t mkey,
                    uint64_t va, void *buf, uint64_t len, bool write,
                    ConnectXKeyRight right);

/*
 * cx_mkey_hold - Check the key as the above do and keep it from being
 * destroyed, but for a teardown of the function, before which it must be
 * released.
 */
ConnectXStatus cx_mkey_hold(ConnectXFunction *fn, uint32_t mkey, uint64_t va,
                            uint64_t len, bool write);
void cx_mkey_release(ConnectXFunction *fn, uint32_t mkey);

#endif /* HW_NET_CONNECTX_MKEY_H */
