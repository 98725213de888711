//! Which part belongs to which: the relations of Office Open XML (ECMA-376, part 2).

use crate::{
    DocumentError,
    containers::Container,
    xml::{self, Part},
};

/// A relation from one part to another inside the container.
pub(super) struct Relation {
    pub(super) id: String,
    /// The last part of its type, such as `slide`.
    pub(super) kind: String,
    /// The name of the other part.
    pub(super) target: String,
}

/// The relations of a part; an empty name stands for the whole container. What leads outside is left out.
pub(super) fn of(container: &mut Container, part: &str) -> Result<Vec<Relation>, DocumentError> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let relations = format!("{folder}{}_rels/{name}.rels", if folder.is_empty() { "" } else { "/" });
    let Some(xml) = container.part(&relations)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    xml::read(&xml, |part| {
        let Part::Begin(element) = part else { return Ok(()) };
        if !element.is("Relationship") || element.attribute("TargetMode") == Some("External") {
            return Ok(());
        }
        if let (Some(id), Some(kind), Some(target)) =
            (element.attribute("Id"), element.attribute("Type"), element.attribute("Target"))
        {
            found.push(Relation {
                id: id.to_owned(),
                kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                target: resolved(folder, target),
            });
        }
        Ok(())
    })?;
    Ok(found)
}

/// The part that is the document itself.
pub(super) fn main_part(container: &mut Container) -> Result<String, DocumentError> {
    let relations = of(container, "")?;
    let main = relations.into_iter().find(|relation| relation.kind == "officeDocument");
    main.map(|relation| relation.target).ok_or_else(|| DocumentError::unreadable("it has no main part"))
}

/// A target as the name of a part: relative to the folder of the part that names it, or from the root.
fn resolved(folder: &str, target: &str) -> String {
    let mut names: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.retain(|name| !name.is_empty());
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_from_the_folder_of_the_part_that_names_them() {
        assert_eq!(resolved("ppt", "slides/slide1.xml"), "ppt/slides/slide1.xml");
        assert_eq!(
            resolved("ppt/slides", "../notesSlides/notesSlide1.xml"),
            "ppt/notesSlides/notesSlide1.xml"
        );
        assert_eq!(resolved("ppt/slides", "/word/document.xml"), "word/document.xml");
        assert_eq!(resolved("", "../../../etc/passwd"), "etc/passwd");
    }
}
