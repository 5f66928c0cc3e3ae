//! New objects, and those that have names.

use super::encoding::Encoding;
use super::error::ManagerError;
use super::launch::Manager;
use super::link::Patience;
use super::protocol::{Call, SERVER, ServerCall, Spec};
use super::proxy::Proxy;
use super::reception::Reception;
use super::{
    ArrayProxy, BarrierProxy, BoundedSemaphoreProxy, ConditionProxy, DictProxy, EventProxy, JoinableQueueProxy,
    ListProxy, LockProxy, Namespace, QueueProxy, RLockProxy, SemaphoreProxy, SetProxy, ValueProxy,
};
use crate::state::{Item, ShareableList, SharedMemory};
use crate::task::Portable;

/// Each of these fails when the manager is gone, and with the other errors of every call.
impl Manager {
    /// An empty dict.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn dict<K: Portable, V: Portable>(&self) -> Result<DictProxy<K, V>, ManagerError> {
        self.create(Spec::Dict)
    }

    /// An empty list.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn list<T: Portable>(&self) -> Result<ListProxy<T>, ManagerError> {
        self.create(Spec::List)
    }

    /// An empty set.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn set<T: Portable>(&self) -> Result<SetProxy<T>, ManagerError> {
        self.create(Spec::Set)
    }

    /// A namespace without attributes.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn namespace(&self) -> Result<Namespace, ManagerError> {
        self.create(Spec::Dict)
    }

    /// A value.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone), and when the value cannot be encoded.
    pub fn value<T: Portable>(&self, value: &T) -> Result<ValueProxy<T>, ManagerError> {
        let Encoding { item, kept: _kept } = super::encoding::encode(self.link(), value)?;
        self.create(Spec::Value(item))
    }

    /// An array of these values.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone), and when a value cannot be encoded.
    pub fn array<T: Portable>(&self, values: impl IntoIterator<Item = T>) -> Result<ArrayProxy<T>, ManagerError> {
        let list = self.list()?;
        list.extend(values)?;
        Ok(list.into_array())
    }

    /// A queue with room for so many items; 0: for all that come.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn queue<T: Portable>(&self, room: usize) -> Result<QueueProxy<T>, ManagerError> {
        self.create(Spec::Queue { limit: room as u64, joinable: false })
    }

    /// A queue with room for so many items, whose items are to be said to be done; 0: for all that come.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn joinable_queue<T: Portable>(&self, room: usize) -> Result<JoinableQueueProxy<T>, ManagerError> {
        self.create(Spec::Queue { limit: room as u64, joinable: true })
    }

    /// An event that is not set.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn event(&self) -> Result<EventProxy, ManagerError> {
        self.create(Spec::Event)
    }

    /// A lock that nobody holds.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn lock(&self) -> Result<LockProxy, ManagerError> {
        self.create(Spec::Lock { recursive: false })
    }

    /// A recursive lock that nobody holds.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn rlock(&self) -> Result<RLockProxy, ManagerError> {
        self.create(Spec::Lock { recursive: true })
    }

    /// A semaphore with so many permits.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn semaphore(&self, permits: usize) -> Result<SemaphoreProxy, ManagerError> {
        self.create(Spec::Semaphore { value: permits as u64, bounded: false })
    }

    /// A semaphore that never has more than so many permits.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn bounded_semaphore(&self, permits: usize) -> Result<BoundedSemaphoreProxy, ManagerError> {
        self.create(Spec::Semaphore { value: permits as u64, bounded: true })
    }

    /// A condition behind a recursive lock of its own.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn condition(&self) -> Result<ConditionProxy, ManagerError> {
        self.create(Spec::Condition { lock: None })
    }

    /// A condition behind a lock that there is already: several can be behind one.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn condition_with_lock(&self, lock: &LockProxy) -> Result<ConditionProxy, ManagerError> {
        self.create(Spec::Condition { lock: Some(lock.object()) })
    }

    /// A barrier for so many.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn barrier(&self, parties: usize) -> Result<BarrierProxy, ManagerError> {
        self.create(Spec::Barrier { parties: parties as u64 })
    }

    /// Zero bytes of memory that ends with the manager, though it can be used by this process without it: Python's
    /// `SharedMemoryManager.SharedMemory`. It has a name, by which others attach it; handles that were made before keep it.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone), and [`System`](ManagerError::System) when there is no room for it.
    ///
    /// ```
    /// use ganger::manager::Manager;
    /// use ganger::state::SharedMemory;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// ganger::init();
    /// let mut manager = Manager::start()?;
    /// let memory = manager.shared_memory(100)?;
    /// memory.write(0, b"abc")?;
    /// let name = memory.name().expect("it has one").to_owned();
    /// manager.shutdown()?;
    /// assert!(SharedMemory::attach(&name).is_err());
    /// # Ok(()) }
    /// ```
    pub fn shared_memory(&self, size: usize) -> Result<SharedMemory, ManagerError> {
        let name = self.ask(ServerCall::Memory { size: size as u64 })?.name()?;
        Ok(SharedMemory::attach(&name)?)
    }

    /// A list in memory that ends with the manager: Python's `SharedMemoryManager.ShareableList`.
    ///
    /// # Errors
    /// Those of [`shared_memory`](Self::shared_memory).
    ///
    /// ```
    /// use ganger::state::Item;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// ganger::init();
    /// let manager = ganger::manager::Manager::start()?;
    /// let list = manager.shareable_list([1, 2, 3])?;
    /// assert_eq!(list.get(2)?, Item::from(3));
    /// # Ok(()) }
    /// ```
    pub fn shareable_list(
        &self,
        items: impl IntoIterator<Item = impl Into<Item>>,
    ) -> Result<ShareableList, ManagerError> {
        let failed = |error: crate::state::ListError| ManagerError::System { why: error.to_string() };
        let made = ShareableList::new(items).map_err(failed)?;
        let memory = self.shared_memory(made.shm().size())?;
        memory.write(0, &made.shm().to_vec())?;
        ShareableList::attach(memory.name().unwrap_or_default()).map_err(failed)
    }

    /// Gives an object a name, by which others [find](Self::find) it. It lives as long as it has one; another object under
    /// the same name takes its place.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone), and [`WrongType`](ManagerError::WrongType) for another manager's object.
    pub fn publish(&self, name: &str, proxy: &impl Proxy) -> Result<(), ManagerError> {
        let referent = proxy.referent();
        if referent.link().server() != self.link().server() {
            return Err(ManagerError::WrongType { why: "the object is another manager's".to_owned() });
        }
        self.ask(ServerCall::Publish { name: name.to_owned(), object: referent.object() })?.done()
    }

    /// The object of that name. Its type must be what the publisher meant: calls that do not fit it fail.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError, QueueProxy};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::bind(("127.0.0.1", 0), "sesame")?;
    /// manager.publish("jobs", &manager.queue::<String>(0)?)?;
    ///
    /// // On another machine, maybe:
    /// let remote = Manager::connect(manager.address(), "sesame")?;
    /// let jobs: QueueProxy<String> = remote.find("jobs")?;
    /// jobs.put(&"sweep".to_owned())?;
    /// assert!(matches!(remote.find::<QueueProxy<String>>("other"), Err(ManagerError::Absent)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Absent`](ManagerError::Absent) when there is none, and [`Gone`](ManagerError::Gone).
    pub fn find<P: Proxy>(&self, name: &str) -> Result<P, ManagerError> {
        let found = self.ask(ServerCall::Find { name: name.to_owned() })?.object()?;
        found.map(P::over).ok_or(ManagerError::Absent)
    }

    /// How many objects there are.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone).
    pub fn number_of_objects(&self) -> Result<usize, ManagerError> {
        self.ask(ServerCall::Count)?.number()
    }

    pub(super) fn create<P: Proxy>(&self, spec: Spec) -> Result<P, ManagerError> {
        let created = self.link().ask(SERVER, Call::Server(ServerCall::Create(spec)), Patience::Soon)?;
        created.object()?.map(P::over).ok_or(ManagerError::NoObject)
    }

    fn ask(&self, call: ServerCall) -> Result<Reception, ManagerError> {
        self.link().ask(SERVER, Call::Server(call), Patience::Soon)
    }
}
