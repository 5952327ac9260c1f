/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace event of the migration commands, described in
 * Documentation/ABI/testing/tracefs-vfio-migration
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mlx5_vhca

#if !defined(MLX5_VHCA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MLX5_VHCA_TRACE_H

#include <linux/pci.h>
#include <linux/tracepoint.h>

#include "vhca_priv.h"

/* Of a PCI device's name, its end included: "10000:00:00.0" is the longest */
#define MLX5_VHCA_TRACE_NAME_BYTES 16

TRACE_DEFINE_ENUM(MLX5_CMD_OP_SUSPEND_VHCA);
TRACE_DEFINE_ENUM(MLX5_CMD_OP_RESUME_VHCA);
TRACE_DEFINE_ENUM(MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE);
TRACE_DEFINE_ENUM(MLX5_CMD_OP_SAVE_VHCA_STATE);
TRACE_DEFINE_ENUM(MLX5_CMD_OP_LOAD_VHCA_STATE);

TRACE_EVENT(mlx5_vhca_cmd,
	TP_PROTO(struct pci_dev *vf, u16 vhca_id, const struct mlx5_vhca_trace *cmd),
	TP_ARGS(vf, vhca_id, cmd),
	TP_STRUCT__entry(
		__array(char, dev, MLX5_VHCA_TRACE_NAME_BYTES)
		__field(u16, vhca_id)
		__field(u16, opcode)
		__field(u32, side)
		__field(u32, flags)
		__field(u32, bytes)
		__field(int, err)
		__field(u8, status)
		__field(u32, syndrome)
		__field(u64, ns)
		__field(u64, waited_ns)
	),
	TP_fast_assign(
		strscpy(__entry->dev, pci_name(vf), MLX5_VHCA_TRACE_NAME_BYTES);
		__entry->vhca_id = vhca_id;
		__entry->opcode = cmd->opcode;
		__entry->side = cmd->side;
		__entry->flags = cmd->flags;
		__entry->bytes = cmd->bytes;
		__entry->err = cmd->err;
		__entry->status = cmd->status;
		__entry->syndrome = cmd->syndrome;
		__entry->ns = cmd->ns;
		__entry->waited_ns = cmd->waited_ns;
	),
	TP_printk("%s vhca_id=%u %s side=%s flags=%s bytes=%u err=%d status=0x%x syndrome=0x%x ns=%llu waited_ns=%llu",
		  __entry->dev, __entry->vhca_id,
		  __print_symbolic(__entry->opcode,
				   { MLX5_CMD_OP_SUSPEND_VHCA, "SUSPEND" },
				   { MLX5_CMD_OP_RESUME_VHCA, "RESUME" },
				   { MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE, "QUERY" },
				   { MLX5_CMD_OP_SAVE_VHCA_STATE, "SAVE" },
				   { MLX5_CMD_OP_LOAD_VHCA_STATE, "LOAD" }),
		  __print_symbolic(__entry->side, { 0, "-" }, { 1, "initiator" },
				   { 2, "responder" }),
		  __entry->flags ? __print_flags(__entry->flags, "|", { 1, "incremental" },
						 { 2, "track" }, { 4, "chunk" }) : "-",
		  __entry->bytes, __entry->err, __entry->status, __entry->syndrome,
		  __entry->ns, __entry->waited_ns)
);

#endif /* MLX5_VHCA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE vhca_trace
#include <trace/define_trace.h>
