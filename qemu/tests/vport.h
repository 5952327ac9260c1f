/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a function wants of its port, and of the vport behind it.
 */
#ifndef TESTS_VPORT_H
#define TESTS_VPORT_H

#include "hca.h"

#define HCA_MAC_BYTES       6
#define HCA_MACS_MAX        4

/* PAOS: what the administrator of a function wants its port to be. */
void hca_must_set_port(Hca *hca, bool up);
/* The unicast addresses whose frames it wants, and no others. */
void hca_must_set_macs(Hca *hca, const uint8_t (*macs)[HCA_MAC_BYTES],
                       unsigned n);
/* The same of multicast addresses */
void hca_must_set_groups(Hca *hca, const uint8_t (*macs)[HCA_MAC_BYTES],
                         unsigned n);
/* How many unicast addresses a vport has that is not the caller's own */
unsigned hca_macs(Hca *pf, unsigned vport);
/* The PF is to be told when that vport's unicast addresses change, once. */
void hca_must_watch_macs(Hca *pf, unsigned vport);
/* RoCE on or off, as mlx5_ib has it. */
void hca_must_enable_roce(Hca *hca, bool on);
#define HCA_TRAFFIC_BYTES   CX_SZ(query_vport_counter_out)

/* What a vport has counted: the function's own, or another one. */
int hca_query_traffic(Hca *hca, unsigned vport, bool clear,
                      uint8_t out[HCA_TRAFFIC_BYTES]);
/* Unicast frames that a vport has sent: the function's own, or another one. */
uint64_t hca_frames_sent(Hca *hca, unsigned vport);

#endif
