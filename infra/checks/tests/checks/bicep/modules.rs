//! What a module is given is what it declares, and what is taken from it as well.

use super::bounds::Bounds;
use super::syntax::{Declaration, Kind, Project, Source, body, each, line};
use super::types::{Types, root};
use tree_sitter::Node;

/// Checks the modules that a file calls and the outputs that it takes.
pub(super) struct Modules<'a> {
    project: &'a Project,
    path: &'a str,
    types: Types<'a>,
    complaints: Vec<String>,
}

impl<'a> Modules<'a> {
    pub(super) fn check(
        project: &'a Project,
        path: &'a str,
        declarations: &'a [Declaration<'a>],
    ) -> Vec<String> {
        let types = Types { project, path, declarations };
        let mut modules = Self { project, path, types, complaints: Vec::new() };
        for declaration in declarations {
            if declaration.kind == Kind::Module {
                modules.call(declaration);
            }
            modules.outputs_taken(declaration);
            modules.typed(declaration);
        }
        modules.complaints
    }

    fn source(&self) -> &'a Source {
        &self.project.sources[self.path]
    }

    fn complain(&mut self, node: Node<'_>, what: &str) {
        self.complaints.push(format!("{}:{}: {what}", self.path, line(node)));
    }

    fn call(&mut self, module: &Declaration<'a>) {
        let target = Project::resolve(self.path, module.target.as_deref().unwrap_or_default());
        let Some(callee) = self.project.sources.get(&target) else {
            return self.complain(module.node, &format!("there is no module {target}"));
        };
        let Some(value) = module.value else { return };
        let given = self.source().properties(body(value)).find(|(name, _)| name == "params");
        let given: Vec<_> =
            given.map(|(_, node)| self.source().properties(node).collect()).unwrap_or_default();
        let declared = callee.declarations();
        let params: Vec<_> = declared.iter().filter(|param| param.kind == Kind::Param).collect();
        for (name, node) in &given {
            match params.iter().find(|param| param.name == name) {
                None => self.complain(*node, &format!("{target} has no parameter `{name}`")),
                Some(param) => self.argument(&target, param, *node),
            }
        }
        for param in params.iter().filter(|param| param.value.is_none()) {
            if !given.iter().any(|(name, _)| name == param.name) {
                self.complain(module.node, &format!("{target} wants the parameter `{}`", param.name));
            }
        }
    }

    fn argument(&mut self, target: &str, param: &Declaration<'_>, node: Node<'a>) {
        let label = format!("`{}` of {target}", param.name);
        if let (Some(found), Some(wanted)) = (self.types.of(node), param.of_type)
            && found != wanted
        {
            self.complain(node, &format!("{label} is {wanted}, not {found}"));
        }
        let bounds = Bounds::of(param);
        if let Some(why) = bounds.refuse(&self.source().value(node)) {
            self.complain(node, &format!("{label}: {why}"));
        }
        let passed_on = self.types.declarations.iter().find(|outer| {
            outer.kind == Kind::Param
                && node.kind() == "identifier"
                && outer.name == self.source().text_of(node)
        });
        if let Some(why) = passed_on.and_then(|outer| bounds.narrower_than(&Bounds::of(outer))) {
            self.complain(node, &format!("{label} {why} than the parameter that it is given"));
        }
        if let Some(outer) = passed_on
            && outer.decorator("secure").is_some() != param.decorator("secure").is_some()
        {
            self.complain(node, &format!("{label}: a secret stays one from file to file"));
        }
    }

    /// `module.outputs.name` is an output of the module, and `!` says that a conditional module is there.
    fn outputs_taken(&mut self, declaration: &Declaration<'a>) {
        let Some(value) = declaration.value else { return };
        let mut found = Vec::new();
        each(value, &mut |node| {
            if node.kind() == "member_expression"
                && let Some((module, name)) = self.types.module_output(node)
            {
                found.push((node, module, name));
            }
        });
        for (node, module, name) in found {
            let target = Project::resolve(self.path, module.target.as_deref().unwrap_or_default());
            let outputs = self.project.sources.get(&target).map(Source::declarations).unwrap_or_default();
            if !outputs.iter().any(|output| output.kind == Kind::Output && output.name == name) {
                self.complain(node, &format!("{target} has no output `{name}`"));
            }
            let conditional = module.value.is_some_and(|value| value.kind() == "if_statement");
            let text = self.source().text_of(node);
            let bare = !text.starts_with(&format!("{}!", self.source().text_of(root(node))));
            if conditional && bare {
                self.complain(
                    node,
                    &format!("`{}` is not always there: say `{}!`", module.name, module.name),
                );
            }
        }
    }

    /// A default and an output are of the declared type, and a default is within its bounds.
    fn typed(&mut self, declaration: &Declaration<'a>) {
        let (Some(value), Some(wanted)) = (declaration.value, declaration.of_type) else { return };
        if let Some(found) = self.types.of(value).filter(|found| found != wanted) {
            self.complain(value, &format!("`{}` is {wanted}, not {found}", declaration.name));
        }
        if let Some(why) = Bounds::of(declaration).refuse(&self.source().value(value)) {
            self.complain(value, &format!("`{}`: {why}", declaration.name));
        }
    }
}
