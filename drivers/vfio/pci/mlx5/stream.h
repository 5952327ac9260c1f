/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout of a migration stream: records {header, data}, back to back. The same as
 * upstream's since Linux 6.2, with records of this driver's own that upstream's skips.
 * Documentation/driver-api/mlx5-migration-stream.rst describes it byte by byte.
 */

#ifndef MLX5VF_STREAM_H
#define MLX5VF_STREAM_H

#include <linux/types.h>

/* Data that an old reader may skip when it does not know the tag */
#define MLX5VF_STREAM_FLAG_OPTIONAL	0x1
/* Of FW_DATA: the source goes by what was loaded. Of this driver alone; upstream's ignores it. */
#define MLX5VF_STREAM_FLAG_WAIT		0x80000000

enum mlx5vf_stream_tag {
	/* One image as the firmware saved it, to be loaded in one piece */
	MLX5VF_STREAM_TAG_FW_DATA = 0,
	/* __le64: size of the buffer that the source saves to; a hint */
	MLX5VF_STREAM_TAG_STOP_COPY_SIZE = 1,
	/* struct mlx5vf_stream_source; of this driver alone ("src"), hence optional */
	MLX5VF_STREAM_TAG_SOURCE = 0x73726301,
	/* __le64: bytes of all images, of which none follows; as SOURCE ("end") */
	MLX5VF_STREAM_TAG_END = 0x656e6401,
};

struct mlx5vf_stream_header {
	__le64 record_bytes;
	__le32 flags;
	__le32 tag;
};

/* The images are several, or pieces: the destination has to take more than one */
#define MLX5VF_STREAM_NEEDS_MANY_IMAGES	0x1

#define MLX5VF_STREAM_KNOWN_NEEDS	MLX5VF_STREAM_NEEDS_MANY_IMAGES

/* Major, minor and subminor number of a firmware */
#define MLX5VF_STREAM_FIRMWARE_PARTS	3

/**
 * struct mlx5vf_stream_source - what the images of a stream are of
 * @card: PCI vendor id of the PF in the upper half, device id in the lower one
 * @needs: MLX5VF_STREAM_NEEDS_* that the destination must have
 * @vectors: MSI-X vectors of the VF, 0 for not known. This and what follows is not in streams
 *	of drivers that wrote the first 8 bytes alone.
 * @firmware: its version; all 0 for not known
 * @bar_log_bytes: size of the VF's BAR 0, as a power of 2, 0 for not known
 * @marks: MLX5VF_STREAM_HAS_END; other bits are written as 0 and ignored
 * @zero: written as 0 and ignored
 */
struct mlx5vf_stream_source {
	__le32 card;
	__le32 needs;
	__le16 vectors;
	__le16 firmware[MLX5VF_STREAM_FIRMWARE_PARTS];
	u8 bar_log_bytes;
	u8 marks;
	u8 zero[6];
};

/* A stream without END is not complete */
#define MLX5VF_STREAM_HAS_END	0x1

#define MLX5VF_STREAM_SOURCE_MIN_BYTES	8

/**
 * struct mlx5vf_stream_device - a device that streams are of, or for
 * @card: as in struct mlx5vf_stream_source
 * @needs: of a source what its images need; of a destination all that it has
 * @vectors: as in struct mlx5vf_stream_source
 * @firmware: as in struct mlx5vf_stream_source
 * @bar_log_bytes: as in struct mlx5vf_stream_source
 */
struct mlx5vf_stream_device {
	u32 card;
	u32 needs;
	u16 vectors;
	u16 firmware[MLX5VF_STREAM_FIRMWARE_PARTS];
	u8 bar_log_bytes;
};

/* Room that mlx5vf_stream_write_prologue() needs, which is the longest of the writers */
#define MLX5VF_STREAM_RECORD_MAX_BYTES					\
	(sizeof(struct mlx5vf_stream_header) + sizeof(struct mlx5vf_stream_source) + \
	 sizeof(struct mlx5vf_stream_header) + sizeof(__le64))

/* What mlx5vf_stream_write_end() needs of it */
#define MLX5VF_STREAM_END_BYTES		24

/**
 * enum mlx5vf_stream_piece - what the reader wants to have next
 * @MLX5VF_STREAM_RECORD: bytes for the reader itself
 * @MLX5VF_STREAM_SKIP: bytes for nobody, possibly none
 * @MLX5VF_STREAM_IMAGE: an image for the device
 */
enum mlx5vf_stream_piece {
	MLX5VF_STREAM_RECORD,
	MLX5VF_STREAM_SKIP,
	MLX5VF_STREAM_IMAGE,
};

/**
 * enum mlx5vf_stream_state - what the piece that the reader asked for is part of
 * @MLX5VF_STREAM_AT_START: nothing was asked for yet
 * @MLX5VF_STREAM_IN_HEADER: the header of a record
 * @MLX5VF_STREAM_IN_STOP_COPY_SIZE: the value in a record of that kind
 * @MLX5VF_STREAM_IN_SOURCE: what a record of that kind has
 * @MLX5VF_STREAM_IN_END: as well
 * @MLX5VF_STREAM_IN_SKIPPED: data without a use here
 * @MLX5VF_STREAM_IN_IMAGE: the data of FW_DATA
 * @MLX5VF_STREAM_REFUSED: the stream is not one for us, whatever follows
 */
enum mlx5vf_stream_state {
	MLX5VF_STREAM_AT_START,
	MLX5VF_STREAM_IN_HEADER,
	MLX5VF_STREAM_IN_STOP_COPY_SIZE,
	MLX5VF_STREAM_IN_SOURCE,
	MLX5VF_STREAM_IN_END,
	MLX5VF_STREAM_IN_SKIPPED,
	MLX5VF_STREAM_IN_IMAGE,
	MLX5VF_STREAM_REFUSED,
};

/**
 * enum mlx5vf_stream_misfit - why a stream that is well formed is not one for this device
 * @MLX5VF_STREAM_FITS: nothing is known against it
 * @MLX5VF_STREAM_OTHER_CARD: it is of another kind of card
 * @MLX5VF_STREAM_OTHER_BAR: the VF's BAR 0 had another size, which a guest cannot be told
 * @MLX5VF_STREAM_FEW_VECTORS: the VF had more MSI-X vectors, and its state may use them
 * @MLX5VF_STREAM_MANY_IMAGES: it has several images, of which the device takes one
 * @MLX5VF_STREAM_OTHER_NEEDS: it needs something that this driver does not know
 * @MLX5VF_STREAM_OTHER_RECORD: it has a record of which the same is true
 */
enum mlx5vf_stream_misfit {
	MLX5VF_STREAM_FITS,
	MLX5VF_STREAM_OTHER_CARD,
	MLX5VF_STREAM_OTHER_BAR,
	MLX5VF_STREAM_FEW_VECTORS,
	MLX5VF_STREAM_MANY_IMAGES,
	MLX5VF_STREAM_OTHER_NEEDS,
	MLX5VF_STREAM_OTHER_RECORD,
};

/**
 * struct mlx5vf_stream - a stream that is being read
 * @state: where in the stream the reader is
 * @max_record_bytes: no record may say that it has more data
 * @device: the device that it is for
 * @misfit: why the stream was refused with -EOPNOTSUPP
 * @source: what the stream says that it is of, all 0 before
 * @flags: of the record that is being read
 * @have_image: an image was complete
 * @has_end: there will be an END, as the stream says
 * @ended: there was
 * @image_bytes: of all images so far
 * @stop_copy_bytes: what the last STOP_COPY_SIZE said, 0 without one
 * @record_bytes: length of the data of the record that is being read
 */
struct mlx5vf_stream {
	enum mlx5vf_stream_state state;
	u64 max_record_bytes;
	struct mlx5vf_stream_device device;
	enum mlx5vf_stream_misfit misfit;
	struct mlx5vf_stream_device source;
	u32 flags;
	bool have_image;
	bool has_end;
	bool ended;
	u64 image_bytes;
	u64 stop_copy_bytes;
	u64 record_bytes;
};

void mlx5vf_stream_start(struct mlx5vf_stream *stream, u64 max_record_bytes,
			 const struct mlx5vf_stream_device *device);
int mlx5vf_stream_next(struct mlx5vf_stream *stream, const u8 *record, size_t record_bytes,
		       enum mlx5vf_stream_piece *piece, u64 *piece_bytes);
u64 mlx5vf_stream_reserve_bytes(const struct mlx5vf_stream *stream);
bool mlx5vf_stream_waits(const struct mlx5vf_stream *stream);
int mlx5vf_stream_end(const struct mlx5vf_stream *stream, u64 rest_bytes);

size_t mlx5vf_stream_write_prologue(u8 *out, const struct mlx5vf_stream_device *source,
				    u64 stop_copy_bytes);
size_t mlx5vf_stream_write_image_header(u8 *out, u64 image_bytes, bool wait);
size_t mlx5vf_stream_write_end(u8 *out, u64 image_bytes);

#endif /* MLX5VF_STREAM_H */
