/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_pci_variant: what every variant of vfio-pci needs, once
 *
 * A variant driver is an exact table of PCI ids and one &struct vfio_pci_variant_ops. The
 * library does the rest: probe and remove, open and close, resets and AER, the migration
 * state machine, the data files that carry the device state to and from user space, and
 * the buffers behind them. See Documentation/driver-api/vfio-pci-variant.rst.
 */
#ifndef LINUX_VFIO_PCI_VARIANT_H
#define LINUX_VFIO_PCI_VARIANT_H

#include <linux/bits.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

struct vfio_pci_variant_mig;
struct vfio_pci_variant_ops;
struct vfio_pci_variant_region;

/**
 * struct vfio_pci_variant - one device bound to a variant driver
 * @core: the device as vfio_pci_core knows it; first, so that the core's casts of a
 *        device set's members hold
 * @ops: the variant's functions
 * @migration_flags: VFIO_MIGRATION_* that this device can do; set by @ops->init, 0 for a
 *                   device that cannot migrate
 * @tracks_pages: the device can tell which pages it writes to; set by @ops->init of a device
 *                that can migrate
 * @mig: the migration engine; private to the library
 *
 * A variant embeds this as first member of its own structure and gets back with
 * container_of().
 */
struct vfio_pci_variant {
	struct vfio_pci_core_device core;
	const struct vfio_pci_variant_ops *ops;
	u32 migration_flags;
	bool tracks_pages;
	struct vfio_pci_variant_mig *mig;
};

/**
 * enum vfio_pci_variant_side - what of a device can be frozen apart
 * @VFIO_PCI_VARIANT_INITIATOR: the device starts DMA and raises interrupts
 * @VFIO_PCI_VARIANT_RESPONDER: the device changes its state when others reach it (MMIO,
 *   peer DMA, the wire)
 */
enum vfio_pci_variant_side {
	VFIO_PCI_VARIANT_INITIATOR = BIT(0),
	VFIO_PCI_VARIANT_RESPONDER = BIT(1),
};

#define VFIO_PCI_VARIANT_BOTH_SIDES (VFIO_PCI_VARIANT_INITIATOR | VFIO_PCI_VARIANT_RESPONDER)

/**
 * enum vfio_pci_variant_save_kind - what a save session begins with
 * @VFIO_PCI_VARIANT_SAVE_STOPPED: the device is frozen on both sides; its images up to the
 *   end of the stream are its whole state, in one pass
 * @VFIO_PCI_VARIANT_SAVE_RUNNING: the device runs on, or its initiator is frozen. The session
 *   has several passes: the first is the whole state, and from its first image on the
 *   device's changes are tracked; each later one is what has changed since the pass before
 *   began; the final one is taken of a device frozen on both sides. Asked only of a device
 *   that has VFIO_MIGRATION_PRE_COPY in its migration_flags.
 */
enum vfio_pci_variant_save_kind {
	VFIO_PCI_VARIANT_SAVE_STOPPED,
	VFIO_PCI_VARIANT_SAVE_RUNNING,
};

/**
 * struct vfio_pci_variant_pass - images of a save session that belong together
 * @first_bytes: capacity that the buffer for the first image must have. 0 means that there
 *               is nothing to save now, hence no image; not allowed for the pass that a
 *               session begins with.
 * @total_bytes: estimate of what all images of the pass are together. Told to user space
 *               (VFIO_MIG_GET_PRECOPY_INFO), and less than @first_bytes where a buffer must be
 *               larger than what comes into it.
 * @reserve_bytes: Of the first pass of a session that saves a running device: capacity of
 *                 a buffer to be held ready for the final pass, 0 for none. A later pass may
 *                 change it by a value that is not 0. The library makes the buffer, and has it
 *                 prepared (@prepare_buf), before the device is frozen; one that an earlier
 *                 pass has used and that is large enough is taken for it. A final pass that
 *                 asks for more gets more, in the blackout then.
 * @is_initial: Of a later pass: its data, like that of the first pass, should reach the
 *              destination before the device is frozen. User space is told so
 *              (VFIO_PRECOPY_INFO_REINIT) if it wants to know. For a device that was
 *              configured anew, or whose tracking was begun again with its whole state.
 *
 * All of it is 0 before the backend is asked.
 */
struct vfio_pci_variant_pass {
	size_t first_bytes;
	u64 total_bytes;
	size_t reserve_bytes;
	bool is_initial;
};

/**
 * struct vfio_pci_variant_buf - memory for a piece of device state (an image)
 * @sgt: the pages, not DMA-mapped; the backend may dma_map_sgtable() it for whichever
 *       device moves the data
 * @capacity_bytes: size of the memory, a multiple of PAGE_SIZE
 * @used_bytes: bytes of device state in it; set by the library before @load_image, by
 *              vfio_pci_variant_save_done() on save
 * @dma_dir: DMA_FROM_DEVICE for a buffer of a save session, DMA_TO_DEVICE for one of a
 *           load session
 * @priv: the backend's own: NULL in a new buffer, kept while the buffer is used again and
 *        again, given back by &vfio_pci_variant_mig_ops.buf_release
 *
 * The library owns a buffer but while it is in flight, that is from @save_image or
 * @load_image to the matching vfio_pci_variant_save_done() or
 * vfio_pci_variant_load_done(): then the backend owns it.
 */
struct vfio_pci_variant_buf {
	struct sg_table sgt;
	size_t capacity_bytes;
	size_t used_bytes;
	enum dma_data_direction dma_dir;
	void *priv;
};

/**
 * struct vfio_pci_variant_range - bus addresses of a device, whole pages
 * @start: the first
 * @bytes: how many, not 0; the last page of 64 bits is not among them
 */
struct vfio_pci_variant_range {
	u64 start;
	u64 bytes;
};

/**
 * typedef vfio_pci_variant_dirty_fn - told of pages that a device wrote to
 * @priv: what came with the report
 * @start: bus address of the first page
 * @bytes: how many bytes follow each other
 *
 * Return: 0, or a negative errno that ends the report, and with it the tracker.
 */
typedef int (*vfio_pci_variant_dirty_fn)(void *priv, u64 start, u64 bytes);

/**
 * struct vfio_pci_variant_mig_ops - a device's migration backend: what each function
 * guarantees
 *
 * Rules for all of them:
 *
 * - They run in process context, may sleep, and are never called concurrently for one
 *   device: the library holds the device's state mutex. A backend must not take that
 *   mutex, hence not call vfio_pci_variant_gone() out of them.
 * - They are bounded, and so is the time from @save_image or @load_image to the _done():
 *   a device or firmware that never answers turns into an error in finite time.
 * - A function that fails leaves everything as before the call. When a backend can
 *   neither do what was asked nor take it back, it returns -ENOTRECOVERABLE: the user
 *   then sees the ERROR state, which only a reset leaves.
 * - Other errors reach the user as they are: -EIO is "the device said no", -ENOTCONN "the
 *   PF is away".
 * - None is called between the return of vfio_pci_variant_gone() and the call of
 *   vfio_pci_variant_returned().
 *
 * @freeze: On return the device does not do what @sides name, nor will it before
 *          @unfreeze: every DMA and interrupt of a frozen initiator has completed, the
 *          state of a frozen responder does not change. @sides are never frozen already.
 *          With VFIO_MIGRATION_P2P the initiator is frozen before the responder, else
 *          both in one call. No image is in flight, of a session that saves a running
 *          device neither: the library waits for it first, and asks for the next one after
 *          @freeze has returned.
 * @unfreeze: On return the device does again what @sides name. @sides are frozen.
 *
 * @save_start: Begins a save session of the kind. On return @pass describes its first pass.
 *              Nothing has to be tracked before the first @save_image.
 * @save_image: Starts to put the next piece of the pass in @buf and returns without
 *              waiting for it. The end is told, once, by vfio_pci_variant_save_done(), unless
 *              an error is returned here. One image is in flight at a time; @buf may be one
 *              that an earlier call has filled. In a session that saves a running device,
 *              -ESTALE, returned or told, says that the device's changes are not tracked, or
 *              not any more: the pass ends with the images that it had before.
 * @save_changes: Required with VFIO_MIGRATION_PRE_COPY. In a session that saves a running
 *                device, the pass before is complete, or has ended with -ESTALE, and no image
 *                is in flight: Sets @pass to what a pass that began now would be. Whether
 *                it begins is told by @save_image, before which this may be called many times:
 *                user space does so as it likes, so it should cost no more than one question
 *                to the device. Called while the device runs on both sides. -ESTALE says that
 *                there is no tracking, nor will there be in this session: it is not called
 *                again, no image is asked for before the final pass, and that is the whole
 *                state. After an -ESTALE of @save_image or save_done() a backend that can
 *                track anew answers with a pass of the whole state, with @pass->is_initial.
 *                Another error goes to user space and changes nothing.
 * @save_final: Required with VFIO_MIGRATION_PRE_COPY. In a session that saves a running
 *              device: it is frozen on both sides, no image is in flight. Sets @pass
 *              to the final pass, whose images follow: what has changed since the last pass
 *              began, and what is missing of that if it is not complete; or the whole state
 *              if changes were not tracked. @pass->first_bytes 0 says that nothing is missing,
 *              and the stream ends. When the final pass ends with -ESTALE, this is called a
 *              second time, and the pass must be the whole state then. On an error the library
 *              unfreezes the responder again, and this may be called anew after the next
 *              freeze; passes may come in between.
 * @save_stop: Ends the save session. @complete: the stream had come to its end; otherwise
 *             it is called off, and what the session began in the device, such as tracking
 *             its changes, is taken back: the device may run on, and may be saved again. It
 *             may have been reset meanwhile. On return no image is in flight: its _done() has
 *             returned, or will never be called. The backend has forgotten the session, but
 *             for the @priv of buffers.
 *
 * @load_start: Begins a load session on a device frozen on both sides.
 * @load_image: Starts to put the @buf->used_bytes of @buf in the device and returns
 *              without waiting for it. The end is told, once, by
 *              vfio_pci_variant_load_done(), unless an error is returned here. One image
 *              is in flight at a time, and they come in the stream's order. An image is
 *              whole and was accepted by the stream's parser.
 * @load_finish: Optional. The user says that all was loaded: last checks of the new state
 *               as a whole. The device stays frozen. Not called when nothing was loaded.
 * @load_stop: Ends the load session, finished or not; as @save_stop.
 *
 * @prepare_buf: Optional. Does to a new @buf of a save session what @save_image would have to
 *               do before the device can use it (DMA mapping, memory keys), so that it costs no
 *               time of a blackout. On an error nothing is done to @buf, and @save_image
 *               still may be given it. @buf is not in flight; an image in another one may be.
 * @buf_release: Optional. Undoes what the backend did to @buf (DMA mapping, memory keys)
 *               before its pages are freed. @buf is not in flight. Called for each buffer
 *               whose @priv is not NULL, at the latest right after @save_stop or @load_stop.
 *               False when the device may still access the pages, which then stay
 *               allocated. It is called again for such a buffer when the next session ends, and
 *               when the user closes the device or the PF goes. After the last refusal they
 *               stay for ever; to be said in the log, since it is memory lost.
 *
 * @bytes_left: Sets @bytes to an estimate, rather too high than too low, of what a save
 *              would yield from here to the end of the stream
 *              (VFIO_DEVICE_FEATURE_MIG_DATA_SIZE). In any state but ERROR; an image may be
 *              in flight. In a session that saves a running device this is the final pass, if
 *              the device were frozen now.
 * @track_start: Optional, with the two below. Has the device remember which pages it writes
 *               to: every write within @ranges from the return of this on is told by
 *               @track_report. @page_bytes is the size of a page, a power of two. Not called
 *               while a tracker is there.
 * @track_report: Calls @dirty for the pages of a part of one of the ranges that were written to
 *                since they were told last; others may be among them. What is written meanwhile
 *                is told now or the next time. On a device whose initiator is frozen: all
 *                that there is. An error says that something is not known, and so does every
 *                report after it before @track_stop; a reset of the function may be the reason.
 * @track_stop: Ends what @track_start began, after errors too.
 * @reset_done: Optional. The function was reset and runs: forget what was frozen.
 *              Sessions were ended before. With @raced the reset came while other functions
 *              of the backend may have been at work, so that a freeze can have come after
 *              it: on return the device runs on both sides all the same. On an error the
 *              user sees the ERROR state. Not called below a lock of the core.
 */
struct vfio_pci_variant_mig_ops {
	int (*freeze)(struct vfio_pci_variant *variant, unsigned int sides);
	int (*unfreeze)(struct vfio_pci_variant *variant, unsigned int sides);

	int (*save_start)(struct vfio_pci_variant *variant, enum vfio_pci_variant_save_kind kind,
			  struct vfio_pci_variant_pass *pass);
	int (*save_image)(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf);
	int (*save_changes)(struct vfio_pci_variant *variant, struct vfio_pci_variant_pass *pass);
	int (*save_final)(struct vfio_pci_variant *variant, struct vfio_pci_variant_pass *pass);
	void (*save_stop)(struct vfio_pci_variant *variant, bool complete);

	int (*load_start)(struct vfio_pci_variant *variant);
	int (*load_image)(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf);
	int (*load_finish)(struct vfio_pci_variant *variant);
	void (*load_stop)(struct vfio_pci_variant *variant);

	int (*prepare_buf)(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf);
	bool (*buf_release)(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf);

	int (*bytes_left)(struct vfio_pci_variant *variant, u64 *bytes);
	int (*track_start)(struct vfio_pci_variant *variant,
			   const struct vfio_pci_variant_range *ranges, unsigned int nr_ranges,
			   u64 page_bytes);
	int (*track_report)(struct vfio_pci_variant *variant, u64 start, u64 bytes,
			    vfio_pci_variant_dirty_fn dirty, void *priv);
	void (*track_stop)(struct vfio_pci_variant *variant);

	int (*reset_done)(struct vfio_pci_variant *variant, bool raced);
};

/* Longest piece of a stream's own records that the library holds for the stream's code */
#define VFIO_PCI_VARIANT_RECORD_MAX_BYTES 64

/**
 * enum vfio_pci_variant_piece - what the next bytes of a stream are
 * @VFIO_PCI_VARIANT_PIECE_RECORD: bytes that the parser wants to see, at most
 *   VFIO_PCI_VARIANT_RECORD_MAX_BYTES
 * @VFIO_PCI_VARIANT_PIECE_SKIP: bytes that nobody needs
 * @VFIO_PCI_VARIANT_PIECE_IMAGE: an image for the device; the bytes go straight into a
 *   buffer for @load_image
 */
enum vfio_pci_variant_piece {
	VFIO_PCI_VARIANT_PIECE_RECORD,
	VFIO_PCI_VARIANT_PIECE_SKIP,
	VFIO_PCI_VARIANT_PIECE_IMAGE,
};

/**
 * struct vfio_pci_variant_want - what a stream's parser expects next
 * @piece: the kind
 * @bytes: how many bytes of the stream it is; 0 is allowed for
 *         VFIO_PCI_VARIANT_PIECE_SKIP only
 * @reserve_bytes: Of an image: capacity that a later image of the stream is likely to need,
 *                 0 for none. The buffer of this one then gets that capacity, so that the later
 *                 one finds it made and prepared when the guest stands still. It is a claim
 *                 of the stream's that takes memory: to be capped by what the device can take.
 * @waits: Of an image, or bytes that nobody needs: a write() that ends with them waits for the
 *         device. To be set where the stream may end, so that a state that is refused is told
 *         while the source still has the guest, and where the source is to know that all until
 *         here was loaded. Elsewhere it costs time: what follows comes in when the device has the
 *         image, not meanwhile.
 */
struct vfio_pci_variant_want {
	enum vfio_pci_variant_piece piece;
	u64 bytes;
	u64 reserve_bytes;
	bool waits;
};

/**
 * struct vfio_pci_variant_stream_ops - the layout of a variant's migration stream
 *
 * A stream is images with records of the variant's own around them. These functions only
 * compute: they take no lock, never sleep, and reach neither device nor user memory.
 *
 * @save_prologue: Optional. Writes what precedes the first image to @out and returns its
 *                 length, 0 for nothing. @first_bytes is the capacity of the first
 *                 buffer, or of the one that is reserved for the final pass, if that is more.
 * @save_record: Optional. Writes what precedes an image of @image_bytes to @out and
 *               returns its length. Called from vfio_pci_variant_save_done(), in whatever
 *               context that runs.
 * @save_epilogue: Optional. Writes what follows the last image to @out and returns its length.
 *                 @images_bytes is what all images have had together. Called as @save_record,
 *                 or in process context for a final pass without an image.
 *
 * @load_start: A new stream begins.
 * @load_next: The piece wanted before is complete: @record is its @record_bytes bytes, or
 *             NULL and 0 when it was no record or when the stream begins. Sets @want to
 *             what comes next. A negative errno refuses the stream: -EINVAL (malformed),
 *             -EOPNOTSUPP (well formed, not for this device or a mandatory record
 *             unknown), -E2BIG (a size beyond what the device can take). Sizes in records
 *             are the user's: check them here, before any memory is taken. An image is
 *             handed to @load_image before the parser is asked what follows it.
 * @load_end: The user says that the stream is complete; @rest_bytes are still missing of
 *            the piece that was wanted last. 0 when a stream may end here, else -EINVAL.
 *            Not called for an empty stream, which changes nothing.
 *
 * Each out buffer has VFIO_PCI_VARIANT_RECORD_MAX_BYTES. The load functions run under the
 * device's state mutex and may keep their state in the variant's structure.
 */
struct vfio_pci_variant_stream_ops {
	size_t (*save_prologue)(struct vfio_pci_variant *variant, size_t first_bytes, u8 *out);
	size_t (*save_record)(struct vfio_pci_variant *variant, size_t image_bytes, u8 *out);
	size_t (*save_epilogue)(struct vfio_pci_variant *variant, u64 images_bytes, u8 *out);

	void (*load_start)(struct vfio_pci_variant *variant);
	int (*load_next)(struct vfio_pci_variant *variant, const u8 *record,
			 size_t record_bytes, struct vfio_pci_variant_want *want);
	int (*load_end)(struct vfio_pci_variant *variant, u64 rest_bytes);
};

/**
 * struct vfio_pci_variant_ops - a variant
 * @device_size: size of the variant's structure, whose first member is a &struct
 *               vfio_pci_variant. The library allocates it zeroed and frees it.
 * @init: Optional. Prepares the structure of a device that is being bound and sets
 *        @variant->migration_flags. A device that can be assigned but not migrated is no
 *        error: leave the flags 0 and say why with pci_info(). vfio_pci_variant_gone()
 *        may be called from here on. @release is not called when this fails.
 * @release: Optional. The opposite of @init: nobody uses the device. On return nothing
 *           may call into the library for this device any more.
 * @open: Optional. A user opens the device, and the core has enabled it; nobody can reach it
 *        yet. The place for vfio_pci_variant_add_*() and
 *        vfio_pci_variant_virtualize_config(). An error fails the user's open; the library
 *        then takes back what those functions did, the variant what it did itself.
 * @close: Optional. The opposite of an @open that succeeded. Nobody can reach the device or
 *         its regions any more; the library frees the regions after it.
 * @mig: the migration backend, NULL for a variant without migration
 * @stream: the layout of the migration stream; required with @mig
 */
struct vfio_pci_variant_ops {
	size_t device_size;
	int (*init)(struct vfio_pci_variant *variant);
	void (*release)(struct vfio_pci_variant *variant);
	int (*open)(struct vfio_pci_variant *variant);
	void (*close)(struct vfio_pci_variant *variant);
	const struct vfio_pci_variant_mig_ops *mig;
	const struct vfio_pci_variant_stream_ops *stream;
};

/**
 * struct vfio_pci_variant_driver - a variant as a PCI driver
 * @pci_driver: name and id_table are the variant's, all else is filled in at registration
 * @vfio_ops: the library's table under this driver's name; filled in at registration
 * @ops: the variant
 *
 * Made by module_vfio_pci_variant().
 */
struct vfio_pci_variant_driver {
	struct pci_driver pci_driver;
	struct vfio_device_ops vfio_ops;
	const struct vfio_pci_variant_ops *ops;
};

int __vfio_pci_variant_register_driver(struct vfio_pci_variant_driver *driver,
				       struct module *owner, const char *mod_name);
void vfio_pci_variant_unregister_driver(struct vfio_pci_variant_driver *driver);

/**
 * vfio_pci_variant_register_driver() - register a variant driver
 * @driver: the driver, valid until vfio_pci_variant_unregister_driver()
 *
 * Return: 0, -EINVAL for an id table with an entry that is not
 * PCI_DRIVER_OVERRIDE_DEVICE_VFIO() or for incomplete functions, or what the PCI core
 * returns.
 */
#define vfio_pci_variant_register_driver(driver) \
	__vfio_pci_variant_register_driver(driver, THIS_MODULE, KBUILD_MODNAME)

/**
 * module_vfio_pci_variant() - make a module of a variant
 * @ids: a static table of struct pci_device_id; every entry is exact and made by
 *       PCI_DRIVER_OVERRIDE_DEVICE_VFIO()
 * @variant_ops: a static &struct vfio_pci_variant_ops
 *
 * The module's name is the driver's name. MODULE_DEVICE_TABLE(pci, ids) beside the table gives
 * the module its "vfio_pci:" aliases. A device that is not in the table is refused with
 * -ENODEV, even if it is forced on the driver by driver_override or new_id.
 */
#define module_vfio_pci_variant(ids, variant_ops)				\
	static struct vfio_pci_variant_driver vfio_pci_variant_this_driver = {	\
		.pci_driver = {							\
			.name = KBUILD_MODNAME,					\
			.id_table = ids,					\
		},								\
		.ops = &(variant_ops),						\
	};									\
	module_driver(vfio_pci_variant_this_driver,				\
		      vfio_pci_variant_register_driver,				\
		      vfio_pci_variant_unregister_driver)

void vfio_pci_variant_save_done(struct vfio_pci_variant_buf *buf, int error,
				size_t used_bytes, size_t more_bytes);
void vfio_pci_variant_load_done(struct vfio_pci_variant_buf *buf, int error);

void vfio_pci_variant_gone(struct vfio_pci_variant *variant);
void vfio_pci_variant_returned(struct vfio_pci_variant *variant);

/**
 * enum vfio_pci_variant_cache - how the memory behind a region is accessed
 * @VFIO_PCI_VARIANT_CACHED: like RAM: read() and write() copy, a user's mapping is cached
 * @VFIO_PCI_VARIANT_WRITE_COMBINED: read() and write() copy, a user's mapping is
 *   write-combined
 * @VFIO_PCI_VARIANT_REGISTERS: registers: read() and write() use the widest accesses, at
 *   most 8 bytes, that are naturally aligned, a user's mapping is uncached
 */
enum vfio_pci_variant_cache {
	VFIO_PCI_VARIANT_CACHED,
	VFIO_PCI_VARIANT_WRITE_COMBINED,
	VFIO_PCI_VARIANT_REGISTERS,
};

/**
 * struct vfio_pci_variant_mapping_ops - what a variant does about a user's mappings of a region
 * @mapped: @vma is about to become a mapping of memory that begins at @phys. An ERR_PTR
 *          fails the user's mmap(); else the result is a cookie for @unmapped, or NULL when
 *          there will be nothing to do.
 * @unmapped: The mapping with this cookie is gone, before the device is closed.
 *
 * Both are called with the address space's mmap_lock held for writing, or when nobody uses the
 * address space any more. In between @vma keeps its address, length and address space: such
 * a mapping is not inherited over fork() and can be neither moved nor unmapped in part.
 */
struct vfio_pci_variant_mapping_ops {
	void *(*mapped)(struct vm_area_struct *vma, phys_addr_t phys);
	void (*unmapped)(void *cookie);
};

/**
 * struct vfio_pci_variant_memory - physical memory for a region
 * @phys: its address
 * @bytes: its size. 0 makes a region that can be neither accessed nor mapped and is there
 *         for its capabilities.
 * @cache: how it is accessed
 * @flags: VFIO_REGION_INFO_FLAG_READ, _WRITE, _MMAP: what the user may do. A mapping is
 *         writable only with _WRITE; with _MMAP @phys and @bytes are multiples of PAGE_SIZE.
 * @mapping_ops: NULL, or both of its functions; lives as long as the region
 *
 * The memory must not be the kernel's RAM, and must be accessible as long as the device is
 * open, resets included.
 */
struct vfio_pci_variant_memory {
	phys_addr_t phys;
	u64 bytes;
	enum vfio_pci_variant_cache cache;
	u32 flags;
	const struct vfio_pci_variant_mapping_ops *mapping_ops;
};

struct vfio_pci_variant_region *
vfio_pci_variant_add_table(struct vfio_pci_variant *variant, u32 type, u32 subtype,
			   const void *table, size_t bytes);
struct vfio_pci_variant_region *
vfio_pci_variant_add_neighbour(struct vfio_pci_variant *variant, u32 type, u32 subtype,
			       struct pci_dev *neighbour);
struct vfio_pci_variant_region *
vfio_pci_variant_add_memory(struct vfio_pci_variant *variant, u32 type, u32 subtype,
			    const struct vfio_pci_variant_memory *memory);
int vfio_pci_variant_check_memory(const struct vfio_pci_variant_memory *memory);
int vfio_pci_variant_add_capability(struct vfio_pci_variant_region *region,
				    const struct vfio_info_cap_header *cap, size_t bytes);

int vfio_pci_variant_read_memory(phys_addr_t phys, void *to, size_t bytes);
int vfio_pci_variant_virtualize_config(struct vfio_pci_variant *variant, unsigned int offset,
				       const void *value, size_t bytes);

#endif /* LINUX_VFIO_PCI_VARIANT_H */
