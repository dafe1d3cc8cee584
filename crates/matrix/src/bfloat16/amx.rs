//! Intel AMX tiles (SDM volume 1, chapter 18): sixteen rows of sixteen sums, a row of 32 terms at a time.
#![allow(unsafe_code)]

use std::arch::{asm, x86_64::__cpuid_count};

use super::{BlockOperands, BlockSums, DEPTH, HEIGHT, TILE};

/// Rows of a tile.
const TILE_ROWS: usize = 16;
/// Bytes of a tile's row.
const ROW_BYTES: usize = 64;

/// `LDTILECFG`'s operand: all eight tiles as large as they can be.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: TileConfig = {
    let (mut row_bytes, mut rows) = ([0; 16], [0; 16]);
    let mut tile = 0;
    while tile < 8 {
        (row_bytes[tile], rows[tile]) = (ROW_BYTES as u16, TILE_ROWS as u8);
        tile += 1;
    }
    TileConfig { palette: 1, start_row: 0, reserved: [0; 14], row_bytes, rows }
};

/// True if the processor has AMX and the system lets this process use it.
pub(super) fn is_there() -> bool {
    const TILES_AND_BF16: u32 = 1 << 24 | 1 << 22;
    if !is_x86_feature_detected!("xsave") || __cpuid_count(0, 0).eax < 7 {
        return false;
    }
    __cpuid_count(7, 0).edx & TILES_AND_BF16 == TILES_AND_BF16 && may_use_tiles()
}

/// Asks Linux for the state of tiles (`arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`).
fn may_use_tiles() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XFEATURE_XTILEDATA: u64 = 18;
    let answer: i64;
    // SAFETY: the call reads no memory of this process; a kernel that does not know it says so.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

pub(super) fn add(block: &mut BlockSums, operands: BlockOperands<'_>) {
    let BlockOperands { left, step, right, depth } = operands;
    assert!(left.len() >= (HEIGHT - 1) * step + depth * DEPTH, "rows are too short");
    assert!(right.iter().all(|panel| panel.len() >= depth * TILE), "panels are too short");
    assert!(depth > 0, "nothing to add");
    let left_bytes = step * size_of::<half::bf16>();
    let block_bytes = size_of_val(&block[0]);
    // SAFETY: kernels are chosen where the processor has these instructions and the system lets them be used; a
    // block has 32 rows of 32 sums, of which four tiles are; the lengths of the operands have been compared with
    // what is read. Tiles are set up before they are used and given back after.
    unsafe {
        asm!(
            "ldtilecfg [{configuration}]",
            "tileloadd tmm0, [{upper} + {block_bytes}*1]",
            "tileloadd tmm1, [{upper} + {block_bytes}*1 + 64]",
            "tileloadd tmm2, [{lower} + {block_bytes}*1]",
            "tileloadd tmm3, [{lower} + {block_bytes}*1 + 64]",
            "2:",
            "tileloadd tmm4, [{left} + {left_bytes}*1]",
            "tileloadd tmm6, [{right} + {row_bytes}*1]",
            "tileloadd tmm7, [{beside} + {row_bytes}*1]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{below} + {left_bytes}*1]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {left}, 64",
            "add {below}, 64",
            "add {right}, 1024",
            "add {beside}, 1024",
            "dec {depth}",
            "jnz 2b",
            "tilestored [{upper} + {block_bytes}*1], tmm0",
            "tilestored [{upper} + {block_bytes}*1 + 64], tmm1",
            "tilestored [{lower} + {block_bytes}*1], tmm2",
            "tilestored [{lower} + {block_bytes}*1 + 64], tmm3",
            "tilerelease",
            configuration = in(reg) &CONFIGURATION,
            upper = in(reg) block.as_mut_ptr(),
            lower = in(reg) block[TILE_ROWS..].as_mut_ptr(),
            block_bytes = in(reg) block_bytes,
            left = inout(reg) left.as_ptr() => _,
            below = inout(reg) left[TILE_ROWS * step..].as_ptr() => _,
            left_bytes = in(reg) left_bytes,
            right = inout(reg) right[0].as_ptr() => _,
            beside = inout(reg) right[1].as_ptr() => _,
            row_bytes = in(reg) ROW_BYTES,
            depth = inout(reg) depth => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
