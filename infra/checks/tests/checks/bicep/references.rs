//! Every name that an expression uses is declared, and every declared name is used.

use super::syntax::{Declaration, Kind, Project, Source, line, parts};
use std::collections::BTreeSet;
use tree_sitter::Node;

/// The functions of Bicep that this project uses. Lambdas and `cidrSubnet` are unknown to checkov's parser.
const FUNCTIONS: [&str; 20] = [
    "concat",
    "contains",
    "empty",
    "environment",
    "flatten",
    "guid",
    "loadJsonContent",
    "loadTextContent",
    "readEnvironmentVariable",
    "replace",
    "resourceGroup",
    "resourceId",
    "string",
    "subscriptionResourceId",
    "take",
    "tenant",
    "union",
    "uniqueString",
    "uri",
    "utcNow",
];

/// The decorators of Bicep that this project uses.
const DECORATORS: [&str; 8] =
    ["allowed", "batchSize", "description", "maxLength", "maxValue", "minLength", "minValue", "secure"];

/// Walks the expressions of a file.
pub(super) struct References<'a> {
    project: &'a Project,
    path: &'a str,
    source: &'a Source,
    declared: BTreeSet<&'a str>,
    /// Names of loops around the expression.
    local: Vec<&'a str>,
    used: BTreeSet<&'a str>,
    in_default: bool,
    complaints: Vec<String>,
}

impl<'a> References<'a> {
    pub(super) fn check(
        project: &'a Project,
        path: &'a str,
        declarations: &[Declaration<'a>],
    ) -> Vec<String> {
        let source = &project.sources[path];
        let mut walk = Self {
            project,
            path,
            source,
            declared: BTreeSet::new(),
            local: Vec::new(),
            used: BTreeSet::new(),
            in_default: false,
            complaints: Vec::new(),
        };
        for declaration in declarations.iter().filter(|declaration| declaration.kind != Kind::Output) {
            if !walk.declared.insert(declaration.name) {
                walk.complain(declaration.node, &format!("`{}` is declared twice", declaration.name));
            }
        }
        for declaration in declarations {
            walk.decorators(declaration);
            walk.in_default = declaration.kind == Kind::Param;
            if let Some(value) = declaration.value {
                walk.expression(value);
            }
        }
        walk.unused(declarations);
        walk.complaints
    }

    fn complain(&mut self, node: Node<'_>, what: &str) {
        self.complaints.push(format!("{}:{}: {what}", self.path, line(node)));
    }

    fn decorators(&mut self, declaration: &Declaration<'_>) {
        for (name, _) in &declaration.decorators {
            if !DECORATORS.contains(name) {
                self.complain(declaration.node, &format!("there is no decorator `{name}`"));
            }
        }
    }

    fn unused(&mut self, declarations: &[Declaration<'_>]) {
        // The values in a file of parameters are what the file is there for.
        if self.path.ends_with(".bicepparam") {
            return;
        }
        for declaration in declarations {
            let named = matches!(declaration.kind, Kind::Param | Kind::Var) || declaration.existing;
            if named && !self.used.contains(declaration.name) {
                self.complain(declaration.node, &format!("`{}` is not used", declaration.name));
            }
        }
    }

    fn expression(&mut self, node: Node<'a>) {
        match node.kind() {
            "identifier" | "compatible_identifier" => self.name(node),
            "object_property" => self.property(node),
            "member_expression" => {
                if let Some(object) = node.child_by_field_name("object") {
                    self.expression(object);
                }
            }
            "call_expression" => self.call(node),
            "for_statement" => self.repetition(node),
            "lambda_expression" => self.complain(node, "checkov reads no lambdas"),
            "resource_expression" => self.complain(node, "`::` is not understood here"),
            _ => parts(node).into_iter().for_each(|part| self.expression(part)),
        }
    }

    fn name(&mut self, node: Node<'a>) {
        let name = self.source.text_of(node);
        if self.local.contains(&name) {
            return;
        }
        self.used.insert(name);
        if !self.declared.contains(name) {
            self.complain(node, &format!("`{name}` is not declared"));
        }
    }

    /// A property's name is no expression unless it is a text with something in it.
    fn property(&mut self, node: Node<'a>) {
        let parts = parts(node);
        let skip = usize::from(parts.first().is_some_and(|name| name.kind() != "string"));
        parts.into_iter().skip(skip).for_each(|part| self.expression(part));
    }

    fn call(&mut self, node: Node<'a>) {
        let name = node.child_by_field_name("function").map_or("", |function| self.source.text_of(function));
        if !FUNCTIONS.contains(&name) {
            self.complain(node, &format!("`{name}` is none of the functions that are known here"));
        }
        if name == "utcNow" && !self.in_default {
            self.complain(node, "the time can be asked for in a parameter's default only");
        }
        let arguments = parts(node).into_iter().find(|part| part.kind() == "arguments");
        let arguments = arguments.map(parts).unwrap_or_default();
        if let (true, Some(file)) = (name.starts_with("load"), arguments.first()) {
            let target = Project::resolve(self.path, self.source.text_of(*file).trim_matches('\''));
            if !self.project.others.contains(&target) {
                self.complain(node, &format!("there is no file {target}"));
            }
        }
        for argument in arguments {
            self.expression(argument);
        }
    }

    /// `for item in items: body`, `for (item, index) in items: body`.
    fn repetition(&mut self, node: Node<'a>) {
        let mut rest = parts(node).into_iter();
        let Some(names) = rest.next() else { return };
        let names = if names.kind() == "for_loop_parameters" { parts(names) } else { vec![names] };
        if let Some(items) = rest.next() {
            self.expression(items);
        }
        let outer = self.local.len();
        self.local.extend(names.into_iter().map(|name| self.source.text_of(name)));
        rest.for_each(|part| self.expression(part));
        self.local.truncate(outer);
    }
}
