/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: objects that nobody can reach any more
 *
 * A reset leaves as many objects behind as a function may have. To free all of
 * them in one go would hold the big lock for a tenth of a second: that is done
 * a slice at a time, in the background, whatever becomes of the function.
 */
#ifndef HW_NET_CONNECTX_GARBAGE_H
#define HW_NET_CONNECTX_GARBAGE_H

/*
 * cx_garbage_add - Takes over a tree, whose key and value are freed by the
 * tree, and which is in use nowhere. What is small is freed at once.
 */
void cx_garbage_add(GTree *tree);

#endif /* HW_NET_CONNECTX_GARBAGE_H */
