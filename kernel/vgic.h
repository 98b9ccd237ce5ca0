/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GICv3 of a VM (IHI 0069; one security state: GICD_CTLR.DS and ARE are 1; no
 * LPIs, no 1-of-N routing: GICD_TYPER.No1N is 1 and the routing-mode bit is read as zero).
 *
 * A VM has one struct vgic (distributor) and a struct vgic_cpu per vCPU (redistributor and
 * list registers). Called at the kernel's exception level with interrupts masked. Functions
 * that take a struct vgic, and those that say "any CPU", may be called anywhere; the others
 * only on the CPU to which the vCPU is pinned. One ticket lock per VM guards all but what
 * vgic_hw_timer() says. No function waits for another CPU but in that lock: at most one
 * holder per other CPU of the same VM comes first. Every hold is bounded by the number of words
 * or by that of the vCPUs, never by their product, and never by the number of interrupts.
 *
 * Where the state of an interrupt is. In software: the latch `pending`, the input `line`,
 * and `active`. While it sits in a list register its bit in `held` is set, that register
 * alone has its pending and active state, and it belongs to the CPU where the vCPU is
 * loaded; the latch then means "made pending once more". A register that the guest has
 * emptied is noticed (reaped) at the next flush. A vCPU that is not loaded holds nothing but
 * PPI 27 while that is active: the rest goes to software when it is saved, and what is active
 * (`spilled`) comes back when it is loaded.
 *
 * An SGI is posted to its target without the lock: `posted` is one more place where it may be
 * pending, emptied by whoever looks at the target's word 0, and by the target's flush, which
 * puts it into a list register without the lock where nothing stands against that. A vCPU's SGI
 * to itself goes there at once. What says that nothing does (`hw_direct` for PPI 27, `sgi_direct`) is
 * renewed when a flush has come to its end; whoever takes away what it depends on clears it, inside
 * the lock, or disables the interrupt, and counts such interrupts as held.
 *
 * Whoever changes something that a vCPU should look at sets its `request`, or posts, and, when
 * that was clear, calls vgic_kick(). The CPU of the vCPU calls vgic_flush() before it enters the
 * guest, and soon after a kick even if the guest is not to run, when vgic_requested(). One
 * flush is one bounded step: while there is more to do, `request` stays and vgic_kick() says so.
 */
#ifndef BULKHEAD_KERNEL_VGIC_H
#define BULKHEAD_KERNEL_VGIC_H

#include <stdbool.h>
#include <stdint.h>

#define VGIC_VCPUS    8u
#define VGIC_SPIS     256u
#define VGIC_WORDS    9u  /* of 32 interrupts; word 0 (SGIs and PPIs) is each vCPU's own */
#define VGIC_PLANES   5u  /* bits of priority */
#define VGIC_LRS      16u /* most list registers that GICv3 has; at least 2 are needed */
#define VGIC_TIMER_ID 27u /* the virtual timer's PPI, backed by the physical one */

/* ICC_SGI1R_EL1.INTID (IHI 0069 section 12.2.15) */
#define VGIC_SGI_SHIFT  24u
#define VGIC_SGI_INTIDS (0xfull << VGIC_SGI_SHIFT)

/* Changes that wait in `ask` until the CPU that has the list registers makes them. */
#define VGIC_ASK_CLEAR_PENDING 0u
#define VGIC_ASK_CLEAR_ACTIVE  1u
#define VGIC_ASK_SET_ACTIVE    2u
#define VGIC_ASKS              3u

struct vgic_word {
	uint32_t enable;
	uint32_t group; /* 1: Group 1 */
	uint32_t edge;
	uint32_t pending; /* latch: an edge, or GICD_ISPENDR */
	uint32_t line;    /* backed: taken physically, waits for a list register */
	uint32_t active;  /* and in no list register */
	uint8_t priority[32];
	uint32_t plane[VGIC_PLANES]; /* bit i of plane k: bit 7 - k of priority[i] */
	uint32_t backed; /* by a physical interrupt, which the end in a list register deactivates */
	uint32_t backed_edge; /* of these, `edge` as the guest sees it: in the lists they are levels */
	uint32_t padding[11]; /* to 128 bytes: a word is found by a shift */
};

struct vgic_cpu {
	struct vgic *vgic;
	uint32_t index;
	uint32_t request; /* written under the lock, read without */
	uint32_t posted;  /* atomic: SGIs sent to it and not yet in `word` or a list register */
	uint32_t merge;   /* words where an interrupt is pending once more while it is held */
	bool loaded;
	bool crowded;    /* more wait than list registers are free: the best, step by step */
	uint32_t refold; /* list registers that a flush is to look at, not only whether emptied */
	bool sync_retry; /* an access was told VGIC_RETRY: its next trial takes what is known */
	uint32_t sync_wait;  /* vCPUs whose answer this one waits for */
	uint32_t sync_asked; /* vCPUs that wait for this one's answer */
	uint32_t waker;      /* GICR_WAKER */
	struct vgic_word word;
	uint32_t routed[VGIC_WORDS]; /* interrupts that go to this vCPU */
	uint32_t held[VGIC_WORDS];   /* in its list registers */
	uint32_t spilled[VGIC_WORDS]; /* active here, in no list register: the guest's EOI is counted */
	uint32_t spill_words;         /* where `spilled` is not 0 */
	uint32_t ends; /* of spilled interrupts: not yet looked at when it was saved */
	uint32_t seen_pending[VGIC_WORDS]; /* of `held`, when last looked at */
	uint32_t seen_active[VGIC_WORDS];
	uint32_t ask[VGIC_ASKS][VGIC_WORDS];
	/*
	 * List registers: what was last read or written. While not loaded: PPI 27, if used, or
	 * what comes back if it is still spilled.
	 */
	uint32_t lr_mask; /* those that the CPU has */
	uint32_t lr_top;  /* the last of them */
	uint32_t used;
	uint32_t back; /* what had something when it was saved: a flush looks if it is still active */
	uint32_t soft;      /* level-triggered, pending because of GICD_ISPENDR */
	uint32_t hw_lr;     /* where PPI 27 is, while held */
	uint64_t hw_direct; /* what vgic_hw_direct() writes; 0: the guest does not want PPI 27 now */
	uint32_t sgi_direct; /* 1: vgic_place() may put SGIs of group 1 into a list register */
	uint8_t sgi_lr[16];  /* where each SGI is, while held */
	uint64_t lr[VGIC_LRS];
	uint64_t hcr; /* ICH_HCR_EL2 while loaded */
	uint64_t vmcr;
	uint64_t apr[2]; /* of groups 0 and 1 */
};

struct vgic {
	uint32_t ticket_next;
	uint32_t ticket_now;
	uint32_t ctlr; /* GICD_CTLR: bits 0 and 1 */
	uint32_t vcpu_count;
	uint32_t word_count;       /* 1 + spi_count / 32 */
	uint32_t reset_at;         /* the next step of vgic_reset_step() */
	uint32_t stirred;          /* words where an SPI may be pending in software */
	uint32_t held[VGIC_WORDS]; /* SPIs in some vCPU's list register */
	struct vgic_cpu *cpu[VGIC_VCPUS];
	struct vgic_word spi[VGIC_WORDS - 1u];
	uint32_t router[VGIC_SPIS];   /* GICD_IROUTER: Aff3.Aff2.Aff1.Aff0 */
	uint16_t physical[VGIC_SPIS]; /* INTID of what backs each */
};

/*
 * At boot, in memory that is all 0. The vCPUs' structures are `stride` bytes apart from `first`
 * on; vcpu_count is 1 to VGIC_VCPUS, spi_count a multiple of 32 up to VGIC_SPIS: bhc has checked both.
 */
void vgic_init(struct vgic *vgic, struct vgic_cpu *first, uint64_t stride, uint32_t vcpu_count,
               uint32_t spi_count);
/*
 * All of the VM's interrupt state as after reset, step by step: true while there is more to do.
 * From the first step to the last one no vCPU of it is loaded, and nothing else is called.
 */
bool vgic_reset_step(struct vgic *vgic);
/* Redistributor and CPU interface of one vCPU, which is not loaded. */
void vgic_cpu_reset(struct vgic_cpu *cpu);

/* An access of the guest, by vCPU `self` on whose CPU this runs. */
struct vgic_access {
	struct vgic_cpu *self;
	uint64_t offset; /* from the distributor, or from redistributor 0 (128 KiB each) */
	uint32_t size;   /* bytes */
	bool write;
	uint64_t value; /* to write; or what was read, zero-extended */
};

/*
 * A write of 4 bytes to an ISENABLER, `offset` from the distributor or from redistributor 0.
 * False: it is another register, and nothing was done.
 */
bool vgic_enable(struct vgic_cpu *self, bool redistributor, uint64_t offset, uint32_t bits);

enum vgic_result {
	VGIC_DONE,
	VGIC_SYNC,  /* done, but the guest may go on only when vgic_synced() says so */
	VGIC_RETRY, /* not done: the guest executes the instruction again after vgic_synced() */
};

/*
 * Registers. What does not exist, and sizes that IHI 0069 section 12.1.3 does not allow, are
 * read as zero, write ignored. A VGIC_RETRY is not followed by another one unless the vCPU
 * goes on before vgic_synced() was called.
 */
enum vgic_result vgic_distributor(struct vgic_access *access);
enum vgic_result vgic_redistributor(struct vgic_access *access);
/*
 * ICC_SGI1R_EL1: group 1, after vgic_sgi_own(). ICC_SGI0R_EL1 and ICC_ASGI1R_EL1 (IHI 0069, with
 * DS = 1): group 0.
 */
void vgic_sgi(struct vgic_cpu *self, uint64_t value, uint32_t group);
/* ICC_DIR_EL1, trapped while ICH_HCR_EL2.TDIR is set. VGIC_DONE or VGIC_SYNC. */
enum vgic_result vgic_deactivate(struct vgic_cpu *self, uint64_t value);

/*
 * Any CPU: the level of an interrupt's input; `vcpu` matters for a PPI. False: no such interrupt
 * (an SGI, one that is backed, beyond the VM's SPIs or vCPUs); nothing was done.
 */
bool vgic_line(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool level);

/*
 * The physical PPI 27 has been taken (acknowledged and its priority dropped; it stays active)
 * on this CPU, where `cpu` is loaded. True: it is in a list register, and the guest's EOI
 * deactivates the physical one. False: it waits in software; the same follows later. In both
 * cases the caller leaves the physical interrupt active.
 */
bool vgic_hw_timer(struct vgic_cpu *cpu);

/*
 * The same without the lock, for the usual case. Not 0: list register lr_top is empty (its bit
 * of ICH_ELRSR_EL2, given as `empty`), and this is to be written there; it counts as held. 0:
 * vgic_hw_timer() decides. Writes what nobody else writes while the vCPU is loaded.
 */
static inline uint64_t vgic_hw_direct(struct vgic_cpu *cpu, uint64_t empty)
{
	uint64_t lr = __atomic_load_n(&cpu->hw_direct, __ATOMIC_RELAXED);

	if (lr == 0u || (empty >> cpu->lr_top & 1u) == 0u)
		return 0u;
	cpu->hw_lr = cpu->lr_top;
	cpu->lr[cpu->lr_top] = lr;
	cpu->used |= 1u << cpu->lr_top;
	__atomic_store_n(&cpu->held[0], cpu->held[0] | 1u << VGIC_TIMER_ID, __ATOMIC_RELAXED);
	return lr;
}
/* At boot: SPI `intid` of the VM is the physical interrupt `physical`, which is nobody else's. */
void vgic_back(struct vgic *vgic, uint32_t intid, uint32_t physical);
/*
 * Any CPU: the physical interrupt behind SPI `intid` has been taken, as above. It stays active until
 * the guest ends it, which is no exit; or what the guest does to its state ends it, by
 * vgic_hw_release(). A level that waited while the guest had it disabled is let go when that enables
 * it: it is taken again if it is still there.
 */
void vgic_taken(struct vgic *vgic, uint32_t intid);

/* List registers: LR.Group and LR.State of what is pending in group 1 */
#define VGIC_LR_PENDING        (1ull << 62)
#define VGIC_LR_GROUP_SHIFT    60u
#define VGIC_LR_PRIORITY_SHIFT 48u
#define VGIC_PRIORITY_MASK     0xf8u /* five bits, as every CPU interface has at least */

/* An SGI that is not held takes one of the free list registers; VGIC_LRS: there is none. */
uint32_t vgic_take_room(struct vgic_cpu *cpu, uint32_t intid);

/*
 * An SGI of group 1 for a loaded vCPU, on its CPU, without the lock: the list register where lr[n]
 * is to be written. VGIC_LRS: something stands against it, and nothing was done. `empty` is
 * ICH_ELRSR_EL2. Writes what nobody else writes while the vCPU is loaded.
 */
static inline uint32_t vgic_place(struct vgic_cpu *cpu, uint32_t intid, uint64_t empty)
{
	uint32_t n = cpu->sgi_lr[intid];

	if (((cpu->word.enable & cpu->word.group) >> intid & 1u &
	     __atomic_load_n(&cpu->sgi_direct, __ATOMIC_RELAXED)) == 0u)
		return VGIC_LRS;
	if ((cpu->held[0] >> intid & 1u) == 0u) {
		n = vgic_take_room(cpu, intid);
		if (n == VGIC_LRS)
			return n;
	} else if ((empty >> n & 1u) == 0u) {
		return VGIC_LRS;
	}
	cpu->lr[n] = intid | VGIC_LR_PENDING | 1ull << VGIC_LR_GROUP_SHIFT |
	             (uint64_t)(cpu->word.priority[intid] & VGIC_PRIORITY_MASK)
	                     << VGIC_LR_PRIORITY_SHIFT;
	return n;
}

/* The same for a write to ICC_SGI1R_EL1 whose only target is the sender. */
static inline uint32_t vgic_sgi_own(struct vgic_cpu *self, uint64_t value, uint64_t empty)
{
	if ((value & ~VGIC_SGI_INTIDS) != 1ull << self->index)
		return VGIC_LRS;
	return vgic_place(self, (uint32_t)(value >> VGIC_SGI_SHIFT) & 0xfu, empty);
}

/* While not loaded: must the physical PPI 27 be active when this vCPU gets loaded? */
bool vgic_hw_owned(const struct vgic_cpu *cpu);

/* Thread switch: list registers, VMCR, active priorities, HCR to and from the hardware. */
void vgic_load(struct vgic_cpu *cpu);
void vgic_save(struct vgic_cpu *cpu);
/* Loaded vCPUs: before the guest is entered when requested; and the maintenance interrupt. */
void vgic_flush(struct vgic_cpu *cpu);
/*
 * Loaded vCPUs: is an interrupt signalled to the guest's CPU (PSTATE apart)? Ends a WFI; true
 * as well while it is requested, or when what was signalled has just turned out to be over.
 */
bool vgic_pending(struct vgic_cpu *cpu);

/*
 * Pairs with the interrupt that vgic_kick() sends: a request that this load misses is followed
 * by an interrupt that is still pending when the guest is entered.
 */
static inline bool vgic_requested(const struct vgic_cpu *cpu)
{
	return (__atomic_load_n(&cpu->request, __ATOMIC_RELAXED) |
	        __atomic_load_n(&cpu->posted, __ATOMIC_RELAXED)) != 0u;
}

#endif
