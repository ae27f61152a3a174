use super::*;

#[cfg(not(traced_loom))]
mod plain {
    use super::*;

    fn drain(reader: &mut Reader) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some((chunk, at)) = reader.available() {
            let bytes = chunk.read(at).to_vec();
            reader.advance(bytes.len());
            all.extend(bytes);
        }
        all
    }

    #[test]
    fn what_is_written_is_read_in_order_across_chunks() {
        let memory = Arc::new(Memory::new(1 << 20));
        let (mut writer, mut reader) = log(&memory).expect("there is memory");
        let mut written = Vec::new();
        for number in 0..5000u32 {
            let entry = number.to_le_bytes().repeat(1 + number as usize % 7);
            assert!(writer.append(entry.len(), |out| out.copy_from_slice(&entry)).is_ok());
            written.extend(entry);
        }
        assert_eq!(drain(&mut reader), written);
        assert!(!reader.is_finished());
        drop(writer);
        assert!(reader.is_finished());
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let memory = Arc::new(Memory::new(64 * 1024));
        let (mut writer, mut reader) = log(&memory).expect("there is memory");
        let mut append = || writer.append(1000, |out| out.fill(1));
        while append().is_ok() {
            assert!(memory.used() <= 64 * 1024);
        }
        let kept = drain(&mut reader).len();
        assert!(kept >= 56 * 1024, "{kept}");
        assert!(writer.append(1000, |out| out.fill(2)).is_ok());
        assert_eq!(drain(&mut reader), [2; 1000]);
        drop((writer, reader));
        assert_eq!(memory.used(), 0);
    }

    /// Each keeps a chunk, also while it writes nothing.
    #[test]
    #[cfg_attr(miri, ignore = "it writes megabytes")]
    fn many_logs_leave_most_of_the_memory_to_what_waits() {
        let memory = Arc::new(Memory::new(1 << 20));
        let logs = || (0..16).map(|_| log(&memory).expect("there is memory"));
        // Some are begun when others have grown.
        let mut all: Vec<_> = logs().collect();
        for round in 0..600 {
            if round == 300 {
                all.extend(logs());
            }
            for (writer, reader) in &mut all {
                assert!(writer.append(1000, |out| out.fill(1)).is_ok(), "{round}: {}", memory.used());
                assert_eq!(drain(reader).len(), 1000);
            }
            assert!(memory.used() <= 256 * 1024, "{round}: {}", memory.used());
        }
        for _ in 0..600 {
            assert!(all[0].0.append(1000, |out| out.fill(1)).is_ok(), "{}", memory.used());
        }
        assert_eq!(drain(&mut all[0].1).len(), 600_000);
        // One that is alone may take large ones again.
        all.truncate(1);
        for _ in 0..600 {
            assert!(all[0].0.append(1000, |out| out.fill(1)).is_ok());
            drain(&mut all[0].1);
        }
        assert!(memory.used() >= LARGEST_CHUNK, "{}", memory.used());
    }

    /// Chunks become smaller when there are more logs, and those of large spans are as large as each needs.
    #[test]
    fn memory_of_a_size_that_nobody_takes_any_more_is_no_obstacle_to_using_others_again() {
        let memory = Memory::new(1 << 26);
        let gone: Vec<_> = (0..70).map(|_| memory.take(LARGEST_CHUNK).expect("there is memory")).collect();
        gone.into_iter().for_each(|bytes| memory.give_back(bytes.len(), Some(bytes)));
        let mut bytes = memory.take(LARGEST_CHUNK / 2).expect("there is memory");
        bytes[0] = 1;
        memory.give_back(bytes.len(), Some(bytes));
        assert_eq!(memory.take(LARGEST_CHUNK / 2).expect("there is memory")[0], 1, "fresh memory is zero");
    }

    #[test]
    fn an_entry_larger_than_any_chunk_has_one_of_its_own() {
        let memory = Arc::new(Memory::new(1 << 20));
        let (mut writer, mut reader) = log(&memory).expect("there is memory");
        let size = 2 * LARGEST_CHUNK;
        assert!(writer.append(size, |out| out.fill(7)).is_ok());
        assert_eq!(drain(&mut reader), vec![7; size]);
    }

    #[test]
    fn a_panic_while_writing_shows_nothing() {
        let memory = Arc::new(Memory::new(1 << 20));
        let (mut writer, mut reader) = log(&memory).expect("there is memory");
        let write = std::panic::AssertUnwindSafe(|| {
            let _ = writer.append(8, |out| {
                out.fill(9);
                panic!("half-way");
            });
        });
        assert!(std::panic::catch_unwind(write).is_err());
        assert!(drain(&mut reader).is_empty());
        assert!(writer.append(2, |out| out.fill(1)).is_ok());
        assert_eq!(drain(&mut reader), [1, 1]);
    }

    /// Entries of every length, read while they are written.
    #[test]
    fn a_reader_beside_the_writer_sees_whole_entries() {
        let memory = Arc::new(Memory::new(8 << 20));
        let (mut writer, mut reader) = log(&memory).expect("there is memory");
        let count = if cfg!(miri) { 200 } else { 100_000u32 };
        let thread = std::thread::spawn(move || {
            for number in 0..count {
                let len = 5 + number as usize % 300;
                while writer
                    .append(len, |out| {
                        out[..4].copy_from_slice(&number.to_le_bytes());
                        out[4..].fill(number as u8);
                    })
                    .is_err()
                {
                    std::thread::yield_now();
                }
            }
        });
        let mut next = 0u32;
        while !reader.is_finished() {
            let Some((chunk, at)) = reader.available() else { continue };
            let bytes = chunk.read(at);
            let (mut taken, mut rest) = (0, bytes);
            while let Some((number, tail)) = rest.split_first_chunk::<4>() {
                assert_eq!(u32::from_le_bytes(*number), next);
                let len = 1 + next as usize % 300;
                assert!(tail[..len].iter().all(|&byte| byte == next as u8));
                taken += 4 + len;
                rest = &bytes[taken..];
                next += 1;
            }
            reader.advance(taken);
        }
        assert_eq!(next, count);
        assert!(thread.join().is_ok());
    }
}

/// `RUSTFLAGS="--cfg traced_loom" cargo test -p traced --lib --release recorder::log`
#[cfg(traced_loom)]
mod every_interleaving {
    use super::*;

    #[test]
    fn the_hand_over_loses_and_tears_nothing() {
        // As many forced switches as an interleaving needs to be wrong in a new way; without a bound it takes hours.
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let memory = Arc::new(Memory::new(1 << 20));
            let (mut writer, mut reader) = log(&memory).expect("there is memory");
            // Two entries in the first chunk, and one in a chunk of its own.
            let sizes = [FIRST_CHUNK / 2, FIRST_CHUNK / 2, 2 * FIRST_CHUNK];
            let thread = loom::thread::spawn(move || {
                for (size, byte) in sizes.into_iter().zip(1..) {
                    assert!(writer.append(size, |out| out.fill(byte)).is_ok());
                }
            });
            let mut seen = Vec::new();
            while !reader.is_finished() {
                match reader.available() {
                    Some((chunk, at)) => {
                        let bytes = chunk.read(at);
                        let size = sizes[seen.len()];
                        assert!(bytes.len() >= size && bytes[..size].iter().all(|&byte| byte == bytes[0]));
                        seen.push(bytes[0]);
                        reader.advance(size);
                    }
                    None => loom::thread::yield_now(),
                }
            }
            assert_eq!(seen, [1, 2, 3]);
            thread.join().expect("no panic");
            drop(reader);
            assert_eq!(memory.used(), 0);
        });
    }
}
