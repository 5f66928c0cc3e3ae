//! `_TestLogging`: for processes.

mod test_logging {
    use std::sync::{Mutex, PoisonError};

    use ganger::{Exit, LevelFilter, Process};

    use crate::away::{PROCESSES, away};

    /// The logger is for the whole process: one test at a time sets its level.
    static LOGGER: Mutex<()> = Mutex::new(());

    #[test]
    fn test_enable_logging() {
        let _logger = LOGGER.lock().unwrap_or_else(PoisonError::into_inner);
        let set = ganger::log_to_stderr(LevelFilter::Debug);
        assert!(set.map_or_else(|error| error.is_logger_set(), |()| true));
        log::set_max_level(LevelFilter::Debug);
        assert!(log::log_enabled!(log::Level::Debug));
        log::debug!("this will be printed");
        log::set_max_level(LevelFilter::Warn);
        assert!(!log::log_enabled!(log::Level::Debug));
        log::info!("nor will this");
    }

    #[ganger::task]
    fn effective_level() -> i32 {
        log::max_level() as i32
    }

    #[ganger::task]
    fn exit_with_level() {
        std::process::exit(effective_level())
    }

    #[test]
    fn test_level() {
        let _logger = LOGGER.lock().unwrap_or_else(PoisonError::into_inner);
        // A test before may have set it.
        let _ = ganger::log_to_stderr(LevelFilter::Off);
        for level in [LevelFilter::Warn, LevelFilter::Info] {
            log::set_max_level(level);
            let process = Process::new(exit_with_level, ()).unwrap();
            process.start().unwrap();
            assert_eq!(process.join(None).unwrap(), Some(Exit::Code(level as i32)));
            for method in PROCESSES {
                assert_eq!(away(*method, effective_level, ()).join(), level as i32);
            }
        }
    }
}
