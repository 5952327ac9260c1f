/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of the migration engine, described in
 * Documentation/ABI/testing/tracefs-vfio-migration
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vfio_pci_variant

#if !defined(VFIO_PCI_VARIANT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VFIO_PCI_VARIANT_TRACE_H

#include <linux/tracepoint.h>
#include <linux/vfio_pci_variant.h>

#include "mig.h"

TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_ERROR);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_STOP);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_RUNNING);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_STOP_COPY);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_RESUMING);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_RUNNING_P2P);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_PRE_COPY);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_PRE_COPY_P2P);
TRACE_DEFINE_ENUM(VPV_STATS_INITIAL);
TRACE_DEFINE_ENUM(VPV_STATS_DIRTY);
TRACE_DEFINE_ENUM(VPV_STATS_FINAL);
TRACE_DEFINE_ENUM(VPV_STATS_LOADED);

#define vpv_trace_state(state)							\
	__print_symbolic(state,							\
			 { VFIO_DEVICE_STATE_ERROR, "ERROR" },			\
			 { VFIO_DEVICE_STATE_STOP, "STOP" },			\
			 { VFIO_DEVICE_STATE_RUNNING, "RUNNING" },		\
			 { VFIO_DEVICE_STATE_STOP_COPY, "STOP_COPY" },		\
			 { VFIO_DEVICE_STATE_RESUMING, "RESUMING" },		\
			 { VFIO_DEVICE_STATE_RUNNING_P2P, "RUNNING_P2P" },	\
			 { VFIO_DEVICE_STATE_PRE_COPY, "PRE_COPY" },		\
			 { VFIO_DEVICE_STATE_PRE_COPY_P2P, "PRE_COPY_P2P" })

#define vpv_trace_kind(kind)							\
	__print_symbolic(kind,							\
			 { VPV_STATS_INITIAL, "initial" },			\
			 { VPV_STATS_DIRTY, "dirty" },				\
			 { VPV_STATS_FINAL, "final" },				\
			 { VPV_STATS_LOADED, "loaded" })

/* An arc has ended, well or not */
TRACE_EVENT(vpv_arc,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u32 from, u32 to, int error, u64 ns),
	TP_ARGS(mig, from, to, error, ns),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(u32, from)
		__field(u32, to)
		__field(int, error)
		__field(u64, ns)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->from = from;
		__entry->to = to;
		__entry->error = error;
		__entry->ns = ns;
	),
	TP_printk("%s %s -> %s error=%d ns=%llu", __entry->dev, vpv_trace_state(__entry->from),
		  vpv_trace_state(__entry->to), __entry->error, __entry->ns)
);

/* A device was asked which pages it wrote to, and they were marked in the container */
TRACE_EVENT(vpv_marks,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u64 nr_pages, int error, u64 ns),
	TP_ARGS(mig, nr_pages, error, ns),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(u64, nr_pages)
		__field(int, error)
		__field(u64, ns)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->nr_pages = nr_pages;
		__entry->error = error;
		__entry->ns = ns;
	),
	TP_printk("%s pages=%llu error=%d ns=%llu", __entry->dev, __entry->nr_pages,
		  __entry->error, __entry->ns)
);

/* All that is mapped was marked in the container, which was asked about pages so often */
TRACE_EVENT(vpv_mark_all,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u64 nr_asked, int error, u64 ns),
	TP_ARGS(mig, nr_asked, error, ns),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(u64, nr_asked)
		__field(int, error)
		__field(u64, ns)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->nr_asked = nr_asked;
		__entry->error = error;
		__entry->ns = ns;
	),
	TP_printk("%s asked=%llu error=%d ns=%llu", __entry->dev, __entry->nr_asked,
		  __entry->error, __entry->ns)
);

/* Who unmaps has found pages that are just being marked, and has waited for that */
TRACE_EVENT(vpv_unmap,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u64 ns),
	TP_ARGS(mig, ns),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(u64, ns)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->ns = ns;
	),
	TP_printk("%s ns=%llu", __entry->dev, __entry->ns)
);

/* All has been looked at that may be mapped above what is tracked */
TRACE_EVENT(vpv_above,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u64 end, u64 top),
	TP_ARGS(mig, end, top),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(u64, end)
		__field(u64, top)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->end = end;
		__entry->top = top;
	),
	TP_printk("%s end=%llu top=%llu", __entry->dev, __entry->end, __entry->top)
);

/* The backend has frozen, or unfrozen, sides of the device, or could not */
TRACE_EVENT(vpv_turn,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, unsigned int sides, bool freezes,
		 int error, u64 ns),
	TP_ARGS(mig, sides, freezes, error, ns),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(unsigned int, sides)
		__field(bool, freezes)
		__field(int, error)
		__field(u64, ns)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->sides = sides;
		__entry->freezes = freezes;
		__entry->error = error;
		__entry->ns = ns;
	),
	TP_printk("%s %s %s error=%d ns=%llu", __entry->dev,
		  __entry->freezes ? "freeze" : "unfreeze",
		  __print_flags(__entry->sides, "|", { 1, "initiator" }, { 2, "responder" }),
		  __entry->error, __entry->ns)
);

/* A pass of a save session begins */
TRACE_EVENT(vpv_pass,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, enum vpv_stats_kind kind,
		 const struct vfio_pci_variant_pass *pass),
	TP_ARGS(mig, kind, pass),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(int, kind)
		__field(u64, first_bytes)
		__field(u64, total_bytes)
		__field(u64, reserve_bytes)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->kind = kind;
		__entry->first_bytes = pass->first_bytes;
		__entry->total_bytes = pass->total_bytes;
		__entry->reserve_bytes = pass->reserve_bytes;
	),
	TP_printk("%s %s first_bytes=%llu total_bytes=%llu reserve_bytes=%llu", __entry->dev,
		  vpv_trace_kind(__entry->kind), __entry->first_bytes, __entry->total_bytes,
		  __entry->reserve_bytes)
);

/*
 * The device has filled or taken a buffer, or could not. more_bytes: room that the next one of
 * the pass needs; depth: images that wait for the reader, this one included, or for the device
 */
TRACE_EVENT(vpv_image,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, enum vpv_stats_kind kind, u64 bytes,
		 u64 more_bytes, unsigned int depth, int error, u64 ns),
	TP_ARGS(mig, kind, bytes, more_bytes, depth, error, ns),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(int, kind)
		__field(u64, bytes)
		__field(u64, more_bytes)
		__field(unsigned int, depth)
		__field(int, error)
		__field(u64, ns)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->kind = kind;
		__entry->bytes = bytes;
		__entry->more_bytes = more_bytes;
		__entry->depth = depth;
		__entry->error = error;
		__entry->ns = ns;
	),
	TP_printk("%s %s bytes=%llu more_bytes=%llu depth=%u error=%d ns=%llu", __entry->dev,
		  vpv_trace_kind(__entry->kind), __entry->bytes, __entry->more_bytes,
		  __entry->depth, __entry->error, __entry->ns)
);

/* memory_bytes: what the session's buffers have then, all together */
DECLARE_EVENT_CLASS(vpv_buf,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u64 bytes, u64 memory_bytes, int error),
	TP_ARGS(mig, bytes, memory_bytes, error),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(u64, bytes)
		__field(u64, memory_bytes)
		__field(int, error)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->bytes = bytes;
		__entry->memory_bytes = memory_bytes;
		__entry->error = error;
	),
	TP_printk("%s bytes=%llu memory_bytes=%llu error=%d", __entry->dev, __entry->bytes,
		  __entry->memory_bytes, __entry->error)
);

/* A buffer has got memory */
DEFINE_EVENT(vpv_buf, vpv_buf_grow,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u64 bytes, u64 memory_bytes, int error),
	TP_ARGS(mig, bytes, memory_bytes, error)
);

/* A buffer was prepared for the final pass */
DEFINE_EVENT(vpv_buf, vpv_buf_prepare,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u64 bytes, u64 memory_bytes, int error),
	TP_ARGS(mig, bytes, memory_bytes, error)
);

/* A buffer is given up */
DEFINE_EVENT(vpv_buf, vpv_buf_drop,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, u64 bytes, u64 memory_bytes, int error),
	TP_ARGS(mig, bytes, memory_bytes, error)
);

/* A read() or write() of the data file has ended with @ret */
TRACE_EVENT(vpv_transfer,
	TP_PROTO(const struct vfio_pci_variant_mig *mig, bool reads, u64 wanted_bytes,
		 ssize_t ret),
	TP_ARGS(mig, reads, wanted_bytes, ret),
	TP_STRUCT__entry(
		__array(char, dev, VPV_NAME_BYTES)
		__field(bool, reads)
		__field(u64, wanted_bytes)
		__field(s64, ret)
	),
	TP_fast_assign(
		memcpy(__entry->dev, mig->name, VPV_NAME_BYTES);
		__entry->reads = reads;
		__entry->wanted_bytes = wanted_bytes;
		__entry->ret = ret;
	),
	TP_printk("%s %s wanted_bytes=%llu ret=%lld", __entry->dev,
		  __entry->reads ? "read" : "write", __entry->wanted_bytes, __entry->ret)
);

#endif /* VFIO_PCI_VARIANT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
