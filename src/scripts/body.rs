//! A script's functions as their author wrote them: before constants are folded in and branches
//! dropped, so that a check or an explanation can name every condition.

use rhai::AST;
use rhai::ASTNode;
use rhai::Expr;
use rhai::Position;
use rhai::Stmt;

use super::load_error::Findings;

/// Blocks within blocks. The optimiser takes time that doubles with each nested `switch`, so
/// this is checked before it runs.
const MAX_NESTING: usize = 8;

/// The functions of one script, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Program {
    functions: Vec<Body>,
}

/// One function: its statements, unoptimised.
#[derive(Clone, Debug)]
pub struct Body {
    pub name: String,
    pub params: Vec<String>,
    pub position: Position,
    pub statements: Vec<Stmt>,
}

impl Program {
    /// Takes the functions out of a parsed script.
    ///
    /// Rhai shows function bodies only as a walk over all statements, so each statement is
    /// given to the function whose braces enclose it.
    pub(super) fn of(ast: &AST, findings: &mut Findings) -> Self {
        let mut functions: Vec<(Position, Body)> = ast
            .shared_lib()
            .iter_script_fn_info()
            .map(|(_, _, _, _, function)| {
                let body = Body {
                    name: function.name.to_string(),
                    params: function.params.iter().map(ToString::to_string).collect(),
                    position: function.body.start_position(),
                    statements: Vec::new(),
                };
                (function.body.end_position(), body)
            })
            .collect();
        functions.sort_by_key(|(_, body)| body.position);

        let mut top_level = ast.statements().len();
        ast.walk(&mut |path: &[ASTNode]| {
            let [ASTNode::Stmt(statement)] = path else { return true };
            if top_level > 0 {
                top_level -= 1;
                return true;
            }
            let place = statement.position();
            let owner = functions.iter_mut().find(|(end, body)| body.position <= place && place <= *end);
            match owner {
                Some((_, body)) => body.statements.push((*statement).clone()),
                None => findings.add(
                    place,
                    "unplaced_statement",
                    "a statement stands in no function",
                    "write it on its own line inside the function's braces",
                ),
            }
            true
        });
        Self { functions: functions.into_iter().map(|(_, body)| body).collect() }
    }

    /// Returns the function of that name and number of parameters.
    pub fn function(&self, name: &str, arity: usize) -> Option<&Body> {
        self.functions.iter().find(|body| body.name == name && body.params.len() == arity)
    }

    /// Returns every function.
    pub fn functions(&self) -> &[Body] {
        &self.functions
    }

    /// Returns the place of the loop in a function, or in those beside it where it has none
    /// itself; `None` where there are several. Rhai does not tell where operations ran out.
    pub(super) fn only_loop(&self, name: &str) -> Option<Position> {
        let own: Vec<Position> = self.named(name).flat_map(Body::loops).collect();
        let found = if own.is_empty() { self.functions.iter().flat_map(Body::loops).collect() } else { own };
        if let [only] = found[..] { Some(only) } else { None }
    }

    /// Returns the functions of that name, whatever their parameters.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Body> + 'a {
        self.functions.iter().filter(move |body| body.name == name)
    }
}

impl Body {
    /// Returns the names of all that it calls, however it calls them.
    pub(super) fn calls(&self) -> Vec<String> {
        let mut names = Vec::new();
        for statement in &self.statements {
            statement.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
                if let Some(
                    ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
                    | ASTNode::Stmt(Stmt::FnCall(call, _)),
                ) = path.last()
                {
                    names.push(call.name.to_string());
                }
                true
            });
        }
        names
    }

    fn loops(&self) -> Vec<Position> {
        let mut places = Vec::new();
        for statement in &self.statements {
            statement.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
                if let Some(ASTNode::Stmt(statement @ (Stmt::While(..) | Stmt::Do(..) | Stmt::For(..)))) =
                    path.last()
                {
                    places.push(statement.position());
                }
                true
            });
        }
        places
    }
}

/// Reports every statement of a parsed script that is nested too deeply to be optimised.
pub(super) fn check_nesting(ast: &AST, findings: &mut Findings) {
    ast.walk(&mut |path: &[ASTNode]| {
        let deep = path.iter().enumerate().filter(|(place, node)| opens_block(path, *place, node)).count();
        if deep <= MAX_NESTING {
            return true;
        }
        let position = path.last().map_or(Position::NONE, ASTNode::position);
        findings.add(
            position,
            "nested_too_deep",
            format!("blocks are nested deeper than {MAX_NESTING}"),
            "move the inner ones into a function of their own",
        );
        false
    });
}

/// Tells whether a node of a path opens a level: an `else if` does not, being the same level as
/// its `if`, nor does a `switch` case's own block.
fn opens_block(path: &[ASTNode], place: usize, node: &ASTNode) -> bool {
    let parent = place.checked_sub(1).map(|parent| path[parent]);
    match node {
        ASTNode::Stmt(statement @ Stmt::If(..)) => {
            let Some(ASTNode::Stmt(Stmt::If(outer, _))) = parent else { return true };
            !matches!(outer.branch.statements(), [only] if std::ptr::eq(only, *statement))
        }
        ASTNode::Stmt(
            Stmt::Switch(..) | Stmt::While(..) | Stmt::Do(..) | Stmt::For(..) | Stmt::Block(..),
        ) => true,
        ASTNode::Expr(Expr::Stmt(_)) => !matches!(parent, Some(ASTNode::Stmt(Stmt::Switch(..)))),
        _ => false,
    }
}
