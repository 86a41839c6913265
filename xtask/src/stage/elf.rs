//! Whether a program runs on any `x86_64` Linux, whatever libraries are there.

use anyhow::{Context, Result, ensure};
use object::elf::{DT_NEEDED, EM_X86_64, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{LittleEndian, elf};

/// Refuses a program that needs a loader or a shared library, or is for another machine.
pub(super) fn check_static(program: &[u8]) -> Result<()> {
    let header = FileHeader64::<LittleEndian>::parse(program).context("it is no 64-bit program for Linux")?;
    let endian = header.endian()?;
    ensure!(header.e_machine(endian) == EM_X86_64, "it is not for x86_64");
    for segment in header.program_headers(endian, program)? {
        ensure!(segment.p_type(endian) != elf::PT_INTERP, "it needs a loader: it is not linked statically");
        let entries = segment.dynamic(endian, program)?.unwrap_or_default();
        let needed = entries.iter().any(|entry| entry.d_tag(endian) == DT_NEEDED);
        ensure!(!needed, "it needs a shared library: it is not linked statically");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
    fn a_program_that_is_linked_as_usual_is_refused() {
        let this_one = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let error = check_static(&this_one).unwrap_err().to_string();
        assert!(error.contains("not linked statically"), "{error}");
    }

    #[test]
    fn what_is_no_program_is_refused() {
        for bytes in [b"".as_slice(), b"#!/bin/sh\n", b"MZ\x90\x00"] {
            assert!(check_static(bytes).is_err());
        }
    }
}
