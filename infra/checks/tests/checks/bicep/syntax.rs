//! Bicep files as the tree-sitter grammar reads them, reduced to what the checks ask for.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tree_sitter::{Node, Parser, Tree};

/// One file.
pub(crate) struct Source {
    pub(crate) text: String,
    tree: Tree,
}

/// What a declaration declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Param,
    Var,
    Resource,
    Module,
    Output,
}

/// `param`, `var`, `resource`, `module` or `output`.
pub(crate) struct Declaration<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: &'a str,
    pub(crate) node: Node<'a>,
    /// Each decorator's name and arguments.
    pub(crate) decorators: Vec<(&'a str, Vec<Value>)>,
    /// A parameter's or output's type.
    pub(crate) of_type: Option<&'a str>,
    /// A resource's type and version, a module's path.
    pub(crate) target: Option<String>,
    /// A resource that another deployment made.
    pub(crate) existing: bool,
    /// The default, the value, or the body.
    pub(crate) value: Option<Node<'a>>,
}

impl Source {
    /// Reads a Bicep file.
    pub(crate) fn bicep(text: &str) -> Self {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_bicep::LANGUAGE.into()).unwrap();
        Self { text: text.to_owned(), tree: parser.parse(text, None).unwrap() }
    }

    /// Reads a file of parameter values. The grammar knows no `param name = value`, but `var name = value`, which is
    /// the same but for the word; columns stay as they are.
    pub(crate) fn parameters(text: &str) -> Self {
        let is_value = |line: &str| line.starts_with("param ") && line.contains(" = ");
        let lines = text
            .split_inclusive('\n')
            .map(|line| if is_value(line) { line.replacen("param ", "var   ", 1) } else { line.to_owned() });
        Self::bicep(&lines.collect::<String>())
    }

    pub(crate) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    pub(crate) fn text_of(&self, node: Node<'_>) -> &str {
        &self.text[node.byte_range()]
    }

    /// Where the file cannot be read.
    pub(crate) fn errors(&self) -> Vec<String> {
        let mut found = Vec::new();
        each(self.root(), &mut |node| {
            if node.is_error() || node.is_missing() {
                found.push(format!("{}: cannot be read here", line(node)));
            }
        });
        found
    }

    /// The file's declarations, in their order.
    pub(crate) fn declarations(&self) -> Vec<Declaration<'_>> {
        let mut decorators = Vec::new();
        let mut found = Vec::new();
        for node in parts(self.root()) {
            if node.kind() == "decorators" {
                decorators = parts(node).into_iter().filter_map(|node| self.decorator(node)).collect();
            } else if let Some(declaration) = self.declaration(node, std::mem::take(&mut decorators)) {
                found.push(declaration);
            }
        }
        found
    }

    fn decorator<'a>(&'a self, node: Node<'a>) -> Option<(&'a str, Vec<Value>)> {
        let call = parts(node).into_iter().next()?;
        let name = self.text_of(call.child_by_field_name("function")?);
        let arguments = parts(call).into_iter().find(|part| part.kind() == "arguments");
        let arguments = arguments.map(parts).unwrap_or_default();
        Some((name, arguments.into_iter().map(|argument| self.value(argument)).collect()))
    }

    fn declaration<'a>(
        &'a self,
        node: Node<'a>,
        decorators: Vec<(&'a str, Vec<Value>)>,
    ) -> Option<Declaration<'a>> {
        let kind = match node.kind() {
            "parameter_declaration" => Kind::Param,
            "variable_declaration" => Kind::Var,
            "resource_declaration" => Kind::Resource,
            "module_declaration" => Kind::Module,
            "output_declaration" => Kind::Output,
            _ => return None,
        };
        let mut rest = parts(node).into_iter();
        let name = self.text_of(rest.next()?);
        let of_type = matches!(kind, Kind::Param | Kind::Output).then(|| rest.next()).flatten();
        let target = matches!(kind, Kind::Resource | Kind::Module).then(|| rest.next()).flatten();
        let mut cursor = node.walk();
        let existing =
            node.children(&mut cursor).any(|child| !child.is_named() && child.kind() == "existing");
        Some(Declaration {
            kind,
            name,
            node,
            decorators,
            of_type: of_type.map(|node| self.text_of(node)),
            target: target.map(|node| self.text_of(node).trim_matches('\'').to_owned()),
            existing,
            value: rest.next(),
        })
    }

    /// A literal as JSON. What is no literal is `{"$": its text}`; a text keeps its interpolations as they are written.
    pub(crate) fn value(&self, node: Node<'_>) -> Value {
        let text = self.text_of(node);
        match node.kind() {
            "string" => {
                json!(text.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap().replace("\\'", "'"))
            }
            "number" | "unary_expression" => {
                text.parse::<i64>().map_or_else(|_| json!({ "$": text }), |n| json!(n))
            }
            "boolean" => json!(text == "true"),
            "null" => Value::Null,
            "array" => parts(node).into_iter().map(|item| self.value(item)).collect(),
            "object" => {
                Value::Object(self.properties(node).map(|(name, node)| (name, self.value(node))).collect())
            }
            "parenthesized_expression" => self.value(parts(node)[0]),
            _ => Value::Object(Map::from_iter([("$".to_owned(), json!(text))])),
        }
    }

    /// The properties of an object: names and values.
    pub(crate) fn properties<'a>(&'a self, object: Node<'a>) -> impl Iterator<Item = (String, Node<'a>)> {
        let properties = parts(object).into_iter().filter(|part| part.kind() == "object_property");
        properties.filter_map(|property| {
            let parts = parts(property);
            let name = self.text_of(*parts.first()?).trim_matches('\'').to_owned();
            Some((name, *parts.get(1)?))
        })
    }
}

impl Declaration<'_> {
    pub(crate) fn decorator(&self, name: &str) -> Option<&Vec<Value>> {
        self.decorators.iter().find(|(decorator, _)| *decorator == name).map(|(_, arguments)| arguments)
    }
}

/// Calls `seen` for a node and everything below it.
pub(crate) fn each<'a>(node: Node<'a>, seen: &mut dyn FnMut(Node<'a>)) {
    seen(node);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        each(child, seen);
    }
}

/// The object inside `[for …: if (…) { … }]`, or the node itself.
pub(crate) fn body(mut node: Node<'_>) -> Node<'_> {
    while matches!(node.kind(), "for_statement" | "if_statement") {
        let Some(last) = parts(node).pop() else { break };
        node = last;
    }
    node
}

/// The named parts of a node, without comments.
pub(crate) fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.kind().ends_with("comment")).collect()
}

/// The line of a node, from 1.
pub(crate) fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// All Bicep files, and the names of the other files that they may load; paths are from `infra`, with slashes.
pub(crate) struct Project {
    pub(crate) sources: BTreeMap<String, Source>,
    pub(crate) others: BTreeSet<String>,
}

impl Project {
    /// Files that are written out in a test.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut project = Self { sources: BTreeMap::new(), others: BTreeSet::new() };
        for (path, text) in files {
            project.add((*path).to_owned(), text);
        }
        project
    }

    /// What is under `infra`, but for these checks.
    pub(crate) fn read() -> Self {
        let infra = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut project = Self::of(&[]);
        project.add_all(&infra.join("bicep"), "bicep");
        project.add("services.json".to_owned(), "");
        project.add("topology.json".to_owned(), "");
        project
    }

    fn add_all(&mut self, folder: &Path, path: &str) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{path}/{}", entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_dir() {
                self.add_all(&entry.path(), &path);
            } else {
                self.add(path, &fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    fn add(&mut self, path: String, text: &str) {
        match path.rsplit('.').next() {
            Some("bicep") => drop(self.sources.insert(path, Source::bicep(text))),
            Some("bicepparam") => drop(self.sources.insert(path, Source::parameters(text))),
            _ => drop(self.others.insert(path)),
        }
    }

    /// The path of `target` as the file at `from` names it.
    pub(crate) fn resolve(from: &str, target: &str) -> String {
        let mut path: Vec<&str> = from.split('/').collect();
        path.pop();
        for part in target.split('/') {
            match part {
                "." => {}
                ".." => drop(path.pop()),
                part => path.push(part),
            }
        }
        path.join("/")
    }
}
