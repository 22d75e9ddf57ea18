//! One file of the source: its modules, types, functions and paths.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ImplItemFn, Item, ItemFn, Lit, Meta, Signature, TraitItemFn, UseTree};

use super::cfg::Target;

/// What there is to know of a file, without its unit tests and without what is not compiled on a target.
pub(crate) struct SourceFile {
    /// Below `src`, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// First lines of the items that are more than declarations of modules and imports.
    pub(crate) definitions: Vec<usize>,
    /// Names of the structs, enums, traits, aliases and unions, wherever they stand.
    pub(crate) types: Vec<String>,
    pub(crate) functions: Vec<Function>,
    /// All names and keywords.
    pub(crate) words: BTreeSet<String>,
    /// All paths of at least two segments, those of a `use` one by one: `a::b` and `a::c` of `use a::{b, c}`.
    pub(crate) paths: BTreeSet<Vec<String>>,
    pub(super) uses: Vec<Use>,
    pub(super) modules: Vec<Names>,
    /// Modules whose `#[path]` names another file beside this one.
    pub(super) elsewhere: Vec<(String, String)>,
}

/// A function with the number of its lines.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: usize,
}

/// A name that `use` brings in, and what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) name: String,
    pub(super) path: Vec<String>,
}

/// The names that a module of a file defines: the file itself, or a module in braces below it.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Below the module of the file.
    pub(super) module: Vec<String>,
    pub(super) defined: BTreeSet<String>,
    pub(super) children: BTreeSet<String>,
}

impl SourceFile {
    pub(crate) fn new(path: &str, text: &str, target: Target) -> Self {
        let mut syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        target.strip(&mut syntax);
        let mut seen = Seen::default();
        seen.visit_file(&syntax);
        let mut words = BTreeSet::new();
        let mut paths = BTreeSet::new();
        collect(syntax.to_token_stream(), &mut words, &mut paths);
        paths.extend(seen.uses.iter().map(|import| import.path.clone()));
        paths.retain(|path| path.len() > 1);
        let mut modules = Vec::new();
        collect_names(&syntax.items, Vec::new(), &mut modules);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            definitions: definitions(&syntax.items),
            types: seen.types,
            functions: seen.functions,
            words,
            paths,
            uses: seen.uses,
            modules,
            elsewhere: elsewhere(&syntax.items),
        }
    }

    /// Whether the file is for the modules below it, as `mod.rs` is.
    pub(crate) fn is_index(&self) -> bool {
        matches!(self.path.rsplit('/').next(), Some("mod.rs" | "lib.rs"))
    }
}

fn definitions(items: &[Item]) -> Vec<usize> {
    items
        .iter()
        .filter(|item| match item {
            Item::Use(_) => false,
            Item::Mod(module) => module.content.is_some(),
            _ => true,
        })
        .map(|item| item.span().start().line)
        .collect()
}

fn elsewhere(items: &[Item]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for item in items {
        let Item::Mod(item) = item else { continue };
        for attribute in &item.attrs {
            if let Meta::NameValue(pair) = &attribute.meta
                && pair.path.is_ident("path")
                && let Expr::Lit(path) = &pair.value
                && let Lit::Str(path) = &path.lit
            {
                found.push((item.ident.to_string(), path.value()));
            }
        }
    }
    found
}

/// What a walk through a file has come by.
#[derive(Default)]
struct Seen {
    types: Vec<String>,
    functions: Vec<Function>,
    uses: Vec<Use>,
}

impl Seen {
    fn function(&mut self, signature: &Signature, block: &Block) {
        let begin = signature.fn_token.span.start().line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            lines: block.span().end().line - begin + 1,
        });
    }
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Enum(_) | Item::Struct(_) | Item::Trait(_) | Item::Type(_) | Item::Union(_) => {
                self.types.extend(defined(item));
            }
            Item::Use(item) => flatten(&item.tree, &mut Vec::new(), &mut self.uses),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// The name that an item defines.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn collect_names(items: &[Item], module: Vec<String>, modules: &mut Vec<Names>) {
    let mut names = Names {
        defined: items.iter().filter_map(defined).collect(),
        ..Names::default()
    };
    for item in items {
        match item {
            // What a macro makes has its name from the macro, or from what that is given.
            Item::Macro(item) => {
                let tokens = item.mac.tokens.clone();
                collect(tokens, &mut names.defined, &mut BTreeSet::new());
            }
            Item::Mod(item) => {
                names.children.insert(item.ident.to_string());
                if let Some((_, items)) = &item.content {
                    let below = [&module[..], &[item.ident.to_string()]].concat();
                    collect_names(items, below, modules);
                }
            }
            _ => {}
        }
    }
    names.module = module;
    modules.push(names);
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, uses: &mut Vec<Use>) {
    let mut add = |before: &[String], name: &syn::Ident, shown: &syn::Ident| {
        let mut path = before.to_vec();
        if name != "self" {
            path.push(name.to_string());
        }
        let shown = if shown == "self" {
            path.last().unwrap().clone()
        } else {
            shown.to_string()
        };
        uses.push(Use { name: shown, path });
    };
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, uses);
            before.pop();
        }
        UseTree::Name(name) => add(before, &name.ident, &name.ident),
        UseTree::Rename(rename) => add(before, &rename.ident, &rename.rename),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, uses);
            }
        }
        UseTree::Glob(_) => {
            let mut path = before.clone();
            path.push("*".to_owned());
            let name = "*".to_owned();
            uses.push(Use { name, path });
        }
    }
}

/// Names, and paths of names with `::` between them, also in macros and attributes; without those of `use`.
fn collect(tokens: TokenStream, words: &mut BTreeSet<String>, paths: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "use" && !is(tokens.peek(), '<') => {
                tokens.by_ref().find(|token| is(Some(token), ';'));
            }
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    paths.insert(std::mem::take(&mut path));
                }
                words.insert(ident.to_string());
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                paths.insert(std::mem::take(&mut path));
                colons = 0;
                if let TokenTree::Group(group) = other {
                    collect(group.stream(), words, paths);
                }
            }
        }
    }
    paths.insert(path);
}

fn is(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}
