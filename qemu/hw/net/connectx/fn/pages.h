/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: firmware pages
 */
#ifndef HW_NET_CONNECTX_PAGES_H
#define HW_NET_CONNECTX_PAGES_H

#include "base/types.h"

/* Pages that one function may hold; a driver gives no more than asked for. */
#define CX_PAGES_MAX    (1u << 20)

/* Firmware pages: those that this function's own driver gave. */
struct ConnectXPages {
    GArray *pa;                         /* uint64_t, in the order given */
    uint32_t next_use;                  /* which of them is used next */
    int32_t wanted_boot, wanted_init, wanted_regular;
    uint64_t changes;                   /* another number: another list */
};

/* Those that the PF gave on a VF's behalf: the PF's addresses, not saved */
struct ConnectXHostPages {
    GArray *pa;
    int32_t wanted;                     /* in all, the given ones with them */
    /* It was disabled before the PF had answered: an answer may come late. */
    bool late;
};

void cx_pages_register(void);
/* Nothing is given, and all is wanted that the property fw-pages says. */
void cx_pages_reset(ConnectXFunction *fn);
/* The same of those that the PF gave for fn, and none is wanted. */
void cx_pages_reset_host(ConnectXFunction *fn);
/* For a function that is but staged: none given, none wanted */
ConnectXPages *cx_pages_new(void);
void cx_pages_free(ConnectXPages *pages);
/* Is there one still to be given before the function may be initialized? */
bool cx_pages_missing(const ConnectXFunction *fn);
/* The driver leaves: the function asks for no more while it runs. */
void cx_pages_ask_no_more(ConnectXFunction *fn);

/*
 * A page is in use from when it is given to when it is given back: it holds a
 * pattern of its address, so that it moves with a guest. by is the function
 * whose driver gave the page, through which it is reached.
 */
/* cx_pages_fill - Takes a page into use; false where there is no memory. */
bool cx_pages_fill(ConnectXFunction *by, uint64_t pa);
/* The page goes back: a host that wrote it before is in error. */
void cx_pages_check(ConnectXFunction *by, uint64_t pa);
/* The function is at work: checks and writes a bit of the next page. */
void cx_pages_use(ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_PAGES_H */
