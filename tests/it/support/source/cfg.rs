//! What `#[cfg]` leaves of a file on a target.

use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, Attribute, Block, Expr, ExprMatch, ExprStruct, FieldsNamed, File, ImplItem, Item,
    ItemEnum, ItemImpl, ItemMod, ItemTrait, Meta, Stmt, Token, TraitItem,
};

/// What the predicates of `#[cfg]` are evaluated for. Unit tests are never part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// As in `target_os`.
    pub(crate) os: &'static str,
    /// With all features of the crate, or with none.
    pub(crate) all_features: bool,
}

impl Target {
    pub(crate) const LINUX: Self = Self {
        os: "linux",
        all_features: true,
    };

    /// Removes what is not compiled on this target.
    pub(super) fn strip(self, file: &mut File) {
        Stripper(self).visit_file_mut(file);
    }

    fn has(self, attributes: &[Attribute]) -> bool {
        attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"))
            .all(|attribute| self.holds(&attribute.parse_args().unwrap()))
    }

    fn holds(self, predicate: &Meta) -> bool {
        let name = predicate.path().get_ident().unwrap().to_string();
        match predicate {
            Meta::Path(_) => match name.as_str() {
                "unix" => matches!(self.os, "linux" | "macos"),
                "windows" => self.os == "windows",
                "test" => false,
                other => panic!("cfg({other}) is not known here"),
            },
            Meta::NameValue(pair) => {
                let Expr::Lit(value) = &pair.value else {
                    panic!("{name} has no literal");
                };
                let syn::Lit::Str(value) = &value.lit else {
                    panic!("{name} has no text");
                };
                match name.as_str() {
                    "target_os" => value.value() == self.os,
                    "target_env" => value.value() == "gnu" && self.os == "linux",
                    "feature" => self.all_features,
                    other => panic!("cfg({other} = …) is not known here"),
                }
            }
            Meta::List(list) => {
                let parts = list
                    .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                    .unwrap();
                match name.as_str() {
                    "all" => parts.iter().all(|part| self.holds(part)),
                    "any" => parts.iter().any(|part| self.holds(part)),
                    "not" => !self.holds(&parts[0]),
                    other => panic!("cfg({other}(…)) is not known here"),
                }
            }
        }
    }
}

/// Removes from each list of a file the parts with a `#[cfg]` that does not hold.
struct Stripper(Target);

impl Stripper {
    fn keep<T: Clone, P: Default>(
        &self,
        list: &Punctuated<T, P>,
        attributes: impl Fn(&T) -> &[Attribute],
    ) -> Punctuated<T, P> {
        list.iter()
            .filter(|part| self.0.has(attributes(part)))
            .cloned()
            .collect()
    }
}

impl VisitMut for Stripper {
    fn visit_file_mut(&mut self, file: &mut File) {
        file.items.retain(|item| self.0.has(of_item(item)));
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut ItemMod) {
        if let Some((_, items)) = &mut module.content {
            items.retain(|item| self.0.has(of_item(item)));
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, block: &mut ItemImpl) {
        block.items.retain(|item| {
            self.0.has(match item {
                ImplItem::Const(item) => &item.attrs,
                ImplItem::Fn(item) => &item.attrs,
                ImplItem::Type(item) => &item.attrs,
                _ => &[],
            })
        });
        visit_mut::visit_item_impl_mut(self, block);
    }

    fn visit_item_trait_mut(&mut self, block: &mut ItemTrait) {
        block.items.retain(|item| {
            self.0.has(match item {
                TraitItem::Const(item) => &item.attrs,
                TraitItem::Fn(item) => &item.attrs,
                TraitItem::Type(item) => &item.attrs,
                _ => &[],
            })
        });
        visit_mut::visit_item_trait_mut(self, block);
    }

    fn visit_item_enum_mut(&mut self, block: &mut ItemEnum) {
        block.variants = self.keep(&block.variants, |variant| &variant.attrs);
        visit_mut::visit_item_enum_mut(self, block);
    }

    fn visit_fields_named_mut(&mut self, fields: &mut FieldsNamed) {
        fields.named = self.keep(&fields.named, |field| &field.attrs);
        visit_mut::visit_fields_named_mut(self, fields);
    }

    fn visit_expr_struct_mut(&mut self, literal: &mut ExprStruct) {
        literal.fields = self.keep(&literal.fields, |field| &field.attrs);
        visit_mut::visit_expr_struct_mut(self, literal);
    }

    fn visit_expr_match_mut(&mut self, choice: &mut ExprMatch) {
        choice.arms.retain(|Arm { attrs, .. }| self.0.has(attrs));
        visit_mut::visit_expr_match_mut(self, choice);
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        block.stmts.retain(|statement| {
            self.0.has(match statement {
                Stmt::Local(local) => &local.attrs,
                Stmt::Item(item) => of_item(item),
                Stmt::Macro(call) => &call.attrs,
                Stmt::Expr(expression, _) => of_expression(expression),
            })
        });
        visit_mut::visit_block_mut(self, block);
    }
}

fn of_item(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn of_expression(expression: &Expr) -> &[Attribute] {
    match expression {
        Expr::Block(expression) => &expression.attrs,
        Expr::Call(expression) => &expression.attrs,
        Expr::If(expression) => &expression.attrs,
        Expr::Let(expression) => &expression.attrs,
        Expr::Match(expression) => &expression.attrs,
        Expr::MethodCall(expression) => &expression.attrs,
        Expr::Return(expression) => &expression.attrs,
        Expr::Unsafe(expression) => &expression.attrs,
        _ => &[],
    }
}
