//! What a run tells of its jobs.

use super::Run;
use crate::agenda::News;
use crate::engine::Engine;
use crate::observer::Notice;

impl<E: Engine> Run<'_, E> {
    /// Tells what has become of jobs that do not begin.
    pub(super) fn tell_news(&mut self) {
        while let Some(news) = self.agenda.news() {
            self.flush();
            match &news {
                News::Failed { name, why } => {
                    self.counts.failed += 1;
                    self.observer.notice(&Notice::JobFailed { name, why });
                }
                News::Skipped { name, because } => {
                    self.counts.unreached += 1;
                    self.observer.notice(&Notice::JobSkipped { name, because });
                }
            }
        }
    }
}
