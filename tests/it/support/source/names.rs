//! Which file defines a name: paths followed through modules and re-exports, as the compiler does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::cfg::Target;
use super::file::SourceFile;

/// All files of `src`.
pub(crate) struct SourceTree {
    pub(crate) files: Vec<SourceFile>,
    modules: BTreeMap<Vec<String>, Module>,
    /// The module of each file.
    names: BTreeMap<String, Vec<String>>,
    /// Modules with a file that the target does not have.
    missing: BTreeSet<Vec<String>>,
}

/// What a file takes from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: String,
    /// The file that defines it, or that of a module where the path ends there.
    pub(crate) to: String,
    /// The path, as it stands in the file.
    pub(crate) path: String,
    pub(crate) is_module: bool,
}

#[derive(Default)]
struct Module {
    file: String,
    defined: BTreeSet<String>,
    children: BTreeSet<String>,
    imported: BTreeMap<String, Vec<Vec<String>>>,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Item(String),
    Module(Vec<String>),
    /// Another crate, the prelude, or a name of a function.
    Outside,
    Nowhere,
}

impl SourceTree {
    /// The files of this crate on Linux with all features.
    pub(crate) fn get() -> &'static Self {
        static TREE: LazyLock<SourceTree> = LazyLock::new(|| SourceTree::of_crate(Target::LINUX));
        &TREE
    }

    /// The files of this crate.
    pub(crate) fn of_crate(target: Target) -> Self {
        fn visit(folder: &Path, files: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    visit(&path, files);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files.push(path);
                }
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        visit(&root, &mut files);
        files.sort();
        let files: Vec<(String, String)> = files
            .iter()
            .map(|path| {
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        let files = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()));
        Self::new(files, target)
    }

    /// Files of which the first of each crate is `lib.rs` or `main.rs`.
    pub(crate) fn new<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
        target: Target,
    ) -> Self {
        let mut tree = Self {
            files: files
                .into_iter()
                .map(|(path, text)| SourceFile::new(path, text, target))
                .collect(),
            modules: BTreeMap::new(),
            names: BTreeMap::new(),
            missing: BTreeSet::new(),
        };
        tree.name_modules();
        for file in &tree.files {
            let module_name = &tree.names[&file.path];
            for names in &file.modules {
                let mut module = Module {
                    file: file.path.clone(),
                    defined: names.defined.clone(),
                    children: names.children.clone(),
                    ..Module::default()
                };
                // A module in braces is looked up in as the file is.
                for import in &file.uses {
                    let paths = module.imported.entry(import.name.clone()).or_default();
                    paths.push(import.path.clone());
                }
                let name = [&module_name[..], &names.module].concat();
                tree.modules.insert(name, module);
            }
        }
        tree.remove_undeclared();
        tree
    }

    /// Names the module of each file, after the file or by the `#[path]` of its parent, which takes the place of the file
    /// that has the name.
    fn name_modules(&mut self) {
        let mut elsewhere = BTreeMap::new();
        for file in &self.files {
            let directory = file
                .path
                .rsplit_once('/')
                .map_or("", |(directory, _)| directory);
            for (child, path) in &file.elsewhere {
                let name = [module_name(&file.path), vec![child.clone()]].concat();
                elsewhere.insert(format!("{directory}/{path}"), name);
            }
        }
        let replaced = |path: &str| {
            let name = module_name(path);
            !elsewhere.contains_key(path) && elsewhere.values().any(|other| *other == name)
        };
        self.files.retain(|file| !replaced(&file.path));
        for file in &self.files {
            let other = elsewhere.get(&file.path).cloned();
            let name = other.unwrap_or_else(|| module_name(&file.path));
            self.names.insert(file.path.clone(), name);
        }
    }

    /// Removes modules that no file declares: those of files that the target does not have.
    fn remove_undeclared(&mut self) {
        let declared = |name: &[String], modules: &BTreeMap<Vec<String>, Module>| {
            (1..name.len()).all(|length| {
                modules
                    .get(&name[..length])
                    .is_some_and(|parent| parent.children.contains(&name[length]))
            })
        };
        self.missing = self
            .modules
            .keys()
            .filter(|name| !declared(name, &self.modules))
            .cloned()
            .collect();
        self.modules.retain(|name, _| !self.missing.contains(name));
        let (modules, names) = (&self.modules, &self.names);
        self.files
            .retain(|file| modules.contains_key(&names[&file.path]));
    }

    /// What each file takes from each other file of its crate.
    pub(crate) fn imports(&self) -> BTreeSet<Import> {
        let mut imports = BTreeSet::new();
        self.follow(|file, path, place| {
            let (to, is_module) = match place {
                Place::Item(to) => (to, false),
                Place::Module(name) => (self.modules[&name].file.clone(), true),
                Place::Outside | Place::Nowhere => return,
            };
            if to != file.path {
                imports.insert(Import {
                    from: file.path.clone(),
                    to,
                    path: path.join("::"),
                    is_module,
                });
            }
        });
        imports
    }

    /// Paths to something that is not there.
    pub(crate) fn unresolved(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.follow(|file, path, place| {
            if place == Place::Nowhere {
                found.push(format!("{}: {}", file.path, path.join("::")));
            }
        });
        found
    }

    /// Whether a path of a file begins with a name of this crate, and not with that of another crate.
    pub(crate) fn is_own(&self, file: &str, path: &[String]) -> bool {
        self.resolve(&self.names[file], path, 0) != [Place::Outside]
    }

    fn follow(&self, mut each: impl FnMut(&SourceFile, &[String], Place)) {
        for file in &self.files {
            let module = &self.names[&file.path];
            for path in &file.paths {
                for place in self.resolve(module, path, 0) {
                    each(file, path, place);
                }
            }
        }
    }

    /// Where a path of a module leads: to several places where one name means a function and a module.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Vec<Place> {
        assert!(depth < 20, "{module:?}: {path:?} leads in circles");
        let Some((first, rest)) = path.split_first() else {
            return vec![Place::Module(module.to_vec())];
        };
        match first.as_str() {
            "crate" => self.walk(&module[..1], rest, depth),
            "self" => self.walk(module, rest, depth),
            "super" => self.walk(&module[..module.len() - 1], rest, depth),
            name if self.modules[module].knows(name) => self.walk(module, path, depth),
            name if self
                .missing
                .contains(&[module, &[name.to_owned()]].concat()) =>
            {
                vec![Place::Nowhere]
            }
            _ => vec![Place::Outside],
        }
    }

    /// Where a path leads from inside a module.
    fn walk(&self, module: &[String], path: &[String], depth: usize) -> Vec<Place> {
        let Some((name, rest)) = path.split_first() else {
            return vec![Place::Module(module.to_vec())];
        };
        if name == "super" {
            return self.walk(&module[..module.len() - 1], rest, depth);
        }
        let Some(known) = self.modules.get(module) else {
            return vec![Place::Nowhere];
        };
        let mut places = Vec::new();
        if known.children.contains(name) {
            let child = [module, std::slice::from_ref(name)].concat();
            places = self.walk(&child, rest, depth);
            // A function of that name too has nothing below it.
            if !rest.is_empty() && places != [Place::Nowhere] {
                return places;
            }
        }
        if known.defined.contains(name) {
            places.push(Place::Item(known.file.clone()));
        }
        for import in known.imported.get(name).into_iter().flatten() {
            // `use x;` of a crate, and of a name that is looked up here.
            if import.len() == 1 && import[0] == *name {
                places.push(Place::Outside);
                continue;
            }
            for place in self.resolve(module, import, depth + 1) {
                match place {
                    Place::Module(found) => places.extend(self.walk(&found, rest, depth + 1)),
                    place => places.push(place),
                }
            }
        }
        if places.len() > 1 {
            places.retain(|place| *place != Place::Nowhere);
        }
        if places.is_empty() {
            places.push(Place::Nowhere);
        }
        places
    }
}

impl Module {
    fn knows(&self, name: &str) -> bool {
        self.defined.contains(name)
            || self.children.contains(name)
            || self.imported.contains_key(name)
    }
}

/// `push::tls` for `push/tls/mod.rs`, with the crate in front.
fn module_name(path: &str) -> Vec<String> {
    let (root, below) = match path.strip_prefix("bin/") {
        Some(below) => below.split_once('/').unwrap(),
        None => ("crate", path),
    };
    let below = below.strip_suffix(".rs").unwrap();
    let parts = below
        .split('/')
        .filter(|part| !matches!(*part, "mod" | "lib" | "main"));
    [root]
        .into_iter()
        .chain(parts)
        .map(ToOwned::to_owned)
        .collect()
}
