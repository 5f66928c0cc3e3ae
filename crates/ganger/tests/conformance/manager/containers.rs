//! `_TestContainers`.

mod test_containers {
    use ganger::manager::{DictProxy, ListProxy, ManagerError, ValueProxy};

    use super::super::manager;

    #[test]
    fn test_list() {
        let manager = manager();
        let a = manager.list().unwrap();
        a.extend(0..10).unwrap();
        assert_eq!(a.to_vec().unwrap(), (0..10).collect::<Vec<i32>>());
        let b = manager.list::<i32>().unwrap();
        assert!(b.to_vec().unwrap().is_empty());
        b.extend(0..5).unwrap();
        assert_eq!((b.get(2).unwrap(), b.slice(2..10).unwrap()), (2, vec![2, 3, 4]));
        b.repeat(2).unwrap();
        assert_eq!(b.to_vec().unwrap(), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
        b.extend([5, 6]).unwrap();
        assert_eq!(b.slice(10..).unwrap(), [5, 6]);
        assert_eq!(a.to_vec().unwrap(), (0..10).collect::<Vec<_>>(), "another list");

        let e: ListProxy<ListProxy<i32>> = manager.list().unwrap();
        e.extend([a.clone(), b.clone()]).unwrap();
        assert_eq!((e.get(0).unwrap(), e.get(1).unwrap()), (a.clone(), b));
        a.push(&99).unwrap();
        assert_eq!(e.get(0).unwrap().slice(10..).unwrap(), [99], "a proxy, and no copy");
    }

    #[test]
    fn test_list_isinstance() {
        let manager = manager();
        let list = manager.list().unwrap();
        list.extend(["b", "a", "c"].map(str::to_owned)).unwrap();
        list.insert(1, &"x".to_owned()).unwrap();
        list.set(0, &"y".to_owned()).unwrap();
        assert!(list.contains(&"a".to_owned()).unwrap() && list.index(&"zz".to_owned()).unwrap().is_none());
        assert!(list.remove_value(&"x".to_owned()).unwrap() && !list.remove_value(&"x".to_owned()).unwrap());
        list.reverse().unwrap();
        assert_eq!(list.to_vec().unwrap(), ["c", "a", "y"]);
        assert_eq!((list.pop().unwrap(), list.remove(0).unwrap()), ("y".to_owned(), "c".to_owned()));
        list.clear().unwrap();
        assert!(list.is_empty().unwrap());
        assert!(matches!(list.pop(), Err(ManagerError::OutOfRange(_))));
    }

    #[test]
    fn test_list_iter() {
        let manager = manager();
        let list = manager.list().unwrap();
        list.extend(0..3).unwrap();
        let mut iter = list.iter();
        assert_eq!(iter.next().unwrap().unwrap(), 0);
        list.push(&3).unwrap();
        assert_eq!(iter.collect::<Result<Vec<i32>, _>>().unwrap(), [1, 2, 3], "what was added meanwhile is seen");
        let mut iter = list.iter().skip(4);
        assert!(iter.next().is_none() && iter.next().is_none());
    }

    #[test]
    fn test_dict() {
        let manager = manager();
        let dict = manager.dict().unwrap();
        let all: Vec<(i32, char)> = (65..70).map(|n| (n, char::from(n as u8))).collect();
        for (key, value) in &all {
            assert_eq!(dict.insert(key, value).unwrap(), None);
        }
        assert_eq!(dict.items().unwrap(), all);
        assert_eq!(dict.keys().unwrap(), all.iter().map(|pair| pair.0).collect::<Vec<_>>());
        assert_eq!(dict.values().unwrap(), all.iter().map(|pair| pair.1).collect::<Vec<_>>());
    }

    #[test]
    fn test_dict_isinstance() {
        let manager = manager();
        let dict: DictProxy<String, i32> = manager.dict().unwrap();
        dict.extend([("a".to_owned(), 1), ("b".to_owned(), 2)]).unwrap();
        assert_eq!(dict.insert("a", &3).unwrap(), Some(1));
        assert_eq!((dict.get("a").unwrap(), dict.get("z").unwrap()), (Some(3), None));
        assert_eq!((dict.get_or_insert("a", &9).unwrap(), dict.get_or_insert("c", &9).unwrap()), (3, 9));
        assert_eq!(dict.pop_last().unwrap(), ("c".to_owned(), 9));
        assert_eq!((dict.remove("a").unwrap(), dict.remove("a").unwrap()), (Some(3), None));
        assert!(dict.contains_key("b").unwrap() && dict.len().unwrap() == 1);
        dict.clear().unwrap();
        assert!(dict.is_empty().unwrap());
        assert!(matches!(dict.pop_last(), Err(ManagerError::Absent)));
    }

    #[test]
    fn test_dict_iter() {
        let manager = manager();
        let dict = manager.dict().unwrap();
        dict.extend((0..4).map(|n| (n, n * n))).unwrap();
        // Python raises here if the dict changes its size meanwhile; here the keys are those of one time.
        let mut seen = Vec::new();
        for key in dict.keys().unwrap() {
            dict.remove(&key).unwrap();
            seen.push(key);
        }
        assert_eq!(seen, [0, 1, 2, 3]);
    }

    #[test]
    fn test_dict_proxy_nested() {
        let manager = manager();
        let pets: DictProxy<String, i32> = manager.dict().unwrap();
        pets.extend([("ferrets".to_owned(), 2), ("hamsters".to_owned(), 4)]).unwrap();
        let outer: DictProxy<String, DictProxy<String, i32>> = manager.dict().unwrap();
        outer.insert("pets", &pets).unwrap();
        outer.insert("again", &pets).unwrap();
        pets.insert("blankets", &1).unwrap();
        assert_eq!(outer.get("pets").unwrap().unwrap().get("blankets").unwrap(), Some(1));
        drop(pets);
        let pets = outer.get("pets").unwrap().unwrap();
        assert_eq!(pets.get("ferrets").unwrap(), Some(2), "the dict keeps it");
        drop(pets);
        assert_eq!(manager.number_of_objects().unwrap(), 2);
        outer.remove("pets").unwrap();
        assert_eq!(manager.number_of_objects().unwrap(), 2, "the other key keeps it");
        let last = outer.remove("again").unwrap().unwrap();
        assert_eq!((last.get("hamsters").unwrap(), manager.number_of_objects().unwrap()), (Some(4), 2));
        drop(last);
        assert_eq!(manager.number_of_objects().unwrap(), 1);
        outer.insert("one", &manager.dict().unwrap()).unwrap();
        drop(outer);
        assert_eq!(manager.number_of_objects().unwrap(), 0, "what is in it goes with it");
    }

    #[test]
    fn test_nested_queue() {
        let manager = manager();
        let list: ListProxy<ValueProxy<String>> = manager.list().unwrap();
        for text in ["one", "two"] {
            list.push(&manager.value(&text.to_owned()).unwrap()).unwrap();
        }
        assert_eq!(list.get(0).unwrap().get().unwrap(), "one");
        assert_eq!(list.slice(..).unwrap()[1].get().unwrap(), "two");
        let refused = list.push(&ganger::manager::Manager::start().unwrap().value(&String::new()).unwrap());
        assert!(refused.is_ok(), "another manager's proxy is a value like others");
    }

    #[test]
    fn test_namespace() {
        let manager = manager();
        let namespace = manager.namespace().unwrap();
        namespace.set("name", "Bob").unwrap();
        namespace.set("job", "Builder").unwrap();
        let private = namespace.set("_hidden", "hidden");
        assert!(matches!(private, Err(ManagerError::Private { name }) if name == "_hidden"));
        assert_eq!(namespace.get::<String>("job").unwrap(), "Builder");
        namespace.remove("job").unwrap();
        assert!(matches!(namespace.get::<String>("job"), Err(ManagerError::Absent)));
        assert!(matches!(namespace.remove("job"), Err(ManagerError::Absent)));
        assert_eq!(namespace.names().unwrap(), ["name"]);
        assert!(matches!(namespace.get::<(u64, u64, u64)>("name"), Err(ManagerError::NotPortable { .. })));
    }
}
