//! The type of an expression, as far as it can be told from the file and the modules that it names.

use super::syntax::{Declaration, Kind, Project, Source, parts};
use tree_sitter::Node;

/// What is known around an expression.
pub(super) struct Types<'a> {
    pub(super) project: &'a Project,
    pub(super) path: &'a str,
    pub(super) declarations: &'a [Declaration<'a>],
}

impl<'a> Types<'a> {
    fn source(&self) -> &'a Source {
        &self.project.sources[self.path]
    }

    fn declaration(&self, name: &str) -> Option<&'a Declaration<'a>> {
        self.declarations
            .iter()
            .find(|declaration| declaration.name == name && declaration.kind != Kind::Output)
    }

    /// `string`, `int`, `bool`, `array` or `object`; `None` when it cannot be told.
    pub(super) fn of(&self, node: Node<'_>) -> Option<String> {
        let known = match node.kind() {
            "string" => "string",
            "number" => "int",
            "boolean" => "bool",
            "array" | "for_statement" => "array",
            "object" => "object",
            "parenthesized_expression" => return self.of(*parts(node).first()?),
            "unary_expression" => {
                if self.source().text_of(node).starts_with('!') {
                    "bool"
                } else {
                    "int"
                }
            }
            "binary_expression" => self.of_operator(node)?,
            "call_expression" => return self.of_call(node),
            "identifier" => return self.of_name(self.source().text_of(node)),
            "member_expression" => return self.of_member(node),
            "ternary_expression" => {
                let one = self.of(node.child_by_field_name("consequence")?)?;
                let other = self.of(node.child_by_field_name("alternative")?)?;
                return (one == other).then_some(one);
            }
            _ => return None,
        };
        Some(known.to_owned())
    }

    fn of_operator(&self, node: Node<'_>) -> Option<&'static str> {
        match self.source().text_of(node.child_by_field_name("operator")?) {
            "+" | "-" | "*" | "/" | "%" => Some("int"),
            "??" => None,
            _ => Some("bool"),
        }
    }

    fn of_name(&self, name: &str) -> Option<String> {
        let declaration = self.declaration(name)?;
        match declaration.kind {
            Kind::Param => declaration.of_type.map(str::to_owned),
            Kind::Var => self.of(declaration.value?),
            Kind::Resource | Kind::Module | Kind::Output => None,
        }
    }

    fn of_call(&self, node: Node<'_>) -> Option<String> {
        let known = match self.source().text_of(node.child_by_field_name("function")?) {
            "concat" | "flatten" => "array",
            "contains" | "empty" => "bool",
            "union" => {
                let arguments = parts(node).into_iter().find(|part| part.kind() == "arguments")?;
                return self.of(*parts(arguments).first()?);
            }
            "loadJsonContent" | "environment" | "resourceGroup" | "tenant" | "take" => return None,
            _ => "string",
        };
        Some(known.to_owned())
    }

    /// `module.outputs.name`, `module[i].outputs.name`, `resource.id`, `resource.name`.
    fn of_member(&self, node: Node<'_>) -> Option<String> {
        let object = node.child_by_field_name("object")?;
        let property = self.source().text_of(node.child_by_field_name("property")?);
        if let Some((module, output)) = self.module_output(node) {
            let target = Project::resolve(self.path, module.target.as_deref()?);
            let outputs = self.project.sources.get(&target)?.declarations();
            let output = outputs.iter().find(|known| known.kind == Kind::Output && known.name == output)?;
            return output.of_type.map(str::to_owned);
        }
        let name = self.source().text_of(root(object));
        let resource = self.declaration(name).is_some_and(|declaration| declaration.kind == Kind::Resource);
        let whole = object.kind() != "member_expression";
        (resource && whole && matches!(property, "id" | "name")).then(|| "string".to_owned())
    }

    /// The module and the output's name, when the node is `module.outputs.name`.
    pub(super) fn module_output(&self, node: Node<'_>) -> Option<(&'a Declaration<'a>, String)> {
        let outputs = node.child_by_field_name("object")?;
        let is_outputs = outputs.kind() == "member_expression"
            && outputs
                .child_by_field_name("property")
                .is_some_and(|name| self.source().text_of(name) == "outputs");
        let module = self.declaration(self.source().text_of(root(outputs)))?;
        let name = self.source().text_of(node.child_by_field_name("property")?);
        (is_outputs && module.kind == Kind::Module).then(|| (module, name.to_owned()))
    }
}

/// What stands at the very front of `name[i].property.other`.
pub(super) fn root(mut node: Node<'_>) -> Node<'_> {
    while let Some(object) = node.child_by_field_name("object") {
        node = object;
    }
    node
}
