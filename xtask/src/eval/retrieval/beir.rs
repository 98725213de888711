//! Reading collections in the layout of BEIR (Thakur et al. 2021): `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` in one
//! folder, each name with the same ending where the collection has parts (`corpus_val.jsonl`).

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use memoreel_evals::retrieval::{passages, relevant_passages};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::corpus::{Corpus, Question, Unit, Video};
use crate::api::transcript::{Line, timed};

/// A line of a transcript has at most so many words where the text has no end of a sentence.
const LINE_WORDS_MAX: usize = 40;

/// The files of one collection.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    folder: PathBuf,
    /// What stands between the names of its files and their extension.
    ending: String,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
    /// The meeting, where the document is a turn of one.
    meeting: Option<String>,
    speaker: Option<String>,
}

#[derive(Deserialize)]
struct Query {
    #[serde(rename = "_id")]
    id: String,
    text: String,
    /// The meeting that it is about.
    meeting: Option<String>,
}

/// Grades of documents, by query and document.
type Judgements = HashMap<String, HashMap<String, u32>>;

/// The collections in a folder and below it, in order of their names.
pub fn find(folder: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    collect(folder, &mut sources)?;
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    if let Some(pair) = sources.windows(2).find(|pair| pair[0].name == pair[1].name) {
        let [one, other] = [&pair[0].folder, &pair[1].folder].map(|folder| folder.display());
        bail!("{one} and {other} have the same name; give them to two runs");
    }
    Ok(sources)
}

fn collect(folder: &Path, sources: &mut Vec<Source>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut endings = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else if let Some(ending) = ending_of(&path)
            && folder.join(format!("queries{ending}.jsonl")).is_file()
            && folder.join(format!("qrels{ending}.tsv")).is_file()
        {
            endings.push(ending);
        }
    }
    let name =
        folder.file_name().map_or_else(|| "collection".to_owned(), |name| name.to_string_lossy().into());
    let is_only = endings.len() == 1;
    sources.extend(endings.into_iter().map(|ending| Source {
        name: if is_only { name.clone() } else { format!("{name}{ending}") },
        folder: folder.to_owned(),
        ending,
    }));
    Ok(())
}

/// What follows `corpus` in the name of a corpus.
fn ending_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    Some(name.strip_prefix("corpus")?.strip_suffix(".jsonl")?.to_owned())
}

impl Source {
    /// Reads the collection. Queries that nothing answers are left out.
    pub fn read(&self) -> Result<Corpus> {
        let documents: Vec<Document> = self.lines("corpus")?;
        let queries: Vec<Query> = self.lines("queries")?;
        let judgements = self.judgements()?;
        let corpus = if documents.iter().any(|document| document.meeting.is_some()) {
            meetings(&self.name, documents, queries, &judgements)
        } else {
            whole_documents(&self.name, documents, queries, judgements)
        };
        if corpus.questions.is_empty() {
            bail!("{}: no query has an answer in the corpus", self.folder.display());
        }
        Ok(corpus)
    }

    fn lines<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>> {
        let path = self.folder.join(format!("{name}{}.jsonl", self.ending));
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let parse = |(number, line): (usize, &str)| {
            serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), number + 1))
        };
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(parse).collect()
    }

    /// `query-id`, `corpus-id` and grade, behind a line with their names.
    fn judgements(&self) -> Result<Judgements> {
        let path = self.folder.join(format!("qrels{}.tsv", self.ending));
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut judgements = Judgements::new();
        for (number, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
            let mut fields = line.split('\t');
            let (Some(query), Some(document), Some(grade)) = (fields.next(), fields.next(), fields.next())
            else {
                bail!("{}, line {}: not three fields", path.display(), number + 1);
            };
            let grade: i64 =
                grade.trim().parse().with_context(|| format!("{}, line {}", path.display(), number + 1))?;
            if let Some(grade) = u32::try_from(grade).ok().filter(|grade| *grade > 0) {
                judgements.entry(query.to_owned()).or_default().insert(document.to_owned(), grade);
            }
        }
        Ok(judgements)
    }
}

/// Every document is a video, and is found when anything of it is.
fn whole_documents(
    name: &str,
    documents: Vec<Document>,
    queries: Vec<Query>,
    judgements: Judgements,
) -> Corpus {
    let mut judgements = judgements;
    let mut corpus = Corpus {
        name: name.to_owned(),
        videos: Vec::new(),
        units: Vec::new(),
        questions: Vec::new(),
        empty: 0,
    };
    for document in documents {
        let text = format!("{} {}", document.title, document.text);
        // What has a title alone says its title.
        let spoken = if document.text.trim().is_empty() { &document.title } else { &document.text };
        let lines = timed(sentences(spoken).into_iter().map(|sentence| (None, sentence)));
        let title =
            if document.title.trim().is_empty() { document.id.clone() } else { document.title.clone() };
        let (video, end_ms) = (corpus.videos.len(), lines.last().map_or(0, |line| line.end_ms));
        if lines.is_empty() {
            // The baseline cannot find it either, and recall knows of it.
            corpus.empty += 1;
            continue;
        }
        corpus.videos.push(Video { title, lines });
        corpus.units.push(Unit { id: document.id, text, video, start_ms: 0, end_ms });
    }
    let question = |query: Query| {
        let relevant = judgements.remove(&query.id)?;
        Some(Question { text: query.text, relevant, video: None })
    };
    corpus.questions = queries.into_iter().filter_map(question).collect();
    corpus
}

/// Every meeting is a video; what is judged are passages of about two hundred words.
fn meetings(name: &str, documents: Vec<Document>, queries: Vec<Query>, judgements: &Judgements) -> Corpus {
    let mut corpus = Corpus {
        name: name.to_owned(),
        videos: Vec::new(),
        units: Vec::new(),
        questions: Vec::new(),
        empty: 0,
    };
    let mut ids: Vec<(String, Vec<String>)> = Vec::new();
    let mut turns: HashMap<String, Vec<Document>> = HashMap::new();
    for document in documents {
        let meeting = document.meeting.clone().unwrap_or_else(|| document.id.clone());
        if !turns.contains_key(&meeting) {
            ids.push((meeting.clone(), Vec::new()));
        }
        turns.entry(meeting).or_default().push(document);
    }
    for (video, (meeting, turn_ids)) in ids.iter_mut().enumerate() {
        let turns = turns.remove(meeting).unwrap_or_default();
        *turn_ids = turns.iter().map(|turn| turn.id.clone()).collect();
        let lines = timed(turns.iter().map(|turn| (turn.speaker.clone(), turn.text.clone())));
        corpus.units.extend(units(video, meeting, &turns, &lines));
        corpus.videos.push(Video { title: meeting.clone(), lines });
    }
    for query in queries {
        let Some(video) = ids.iter().position(|(meeting, _)| Some(meeting) == query.meeting.as_ref()) else {
            continue;
        };
        let Some(judged) = judgements.get(&query.id) else { continue };
        let position = |(position, id): (usize, &String)| judged.contains_key(id).then_some(position);
        let relevant_turns: HashSet<usize> = ids[video].1.iter().enumerate().filter_map(position).collect();
        let cut = passages(&corpus.words_of(video));
        let relevant = relevant_passages(&cut, &relevant_turns);
        let relevant: HashMap<String, u32> =
            relevant.into_iter().map(|passage| (unit_id(&ids[video].0, passage), 1)).collect();
        if !relevant.is_empty() {
            corpus.questions.push(Question { text: query.text, relevant, video: Some(video) });
        }
    }
    corpus
}

impl Corpus {
    /// Words of each line of a video.
    fn words_of(&self, video: usize) -> Vec<usize> {
        self.videos[video].lines.iter().map(|line| line.text.split_whitespace().count()).collect()
    }
}

fn units(video: usize, meeting: &str, turns: &[Document], lines: &[Line]) -> Vec<Unit> {
    let words: Vec<usize> = turns.iter().map(|turn| turn.text.split_whitespace().count()).collect();
    let unit = |(position, passage): (usize, std::ops::Range<usize>)| {
        let said =
            |turn: &Document| format!("{}: {}", turn.speaker.as_deref().unwrap_or_default(), turn.text);
        let texts: Vec<String> = turns[passage.clone()].iter().map(said).collect();
        Unit {
            id: unit_id(meeting, position),
            text: texts.join(" "),
            video,
            start_ms: lines[passage.start].start_ms,
            end_ms: lines[passage.end - 1].end_ms,
        }
    };
    passages(&words).into_iter().enumerate().map(unit).collect()
}

fn unit_id(meeting: &str, passage: usize) -> String {
    format!("{meeting}|{passage}")
}

/// A text in lines, as captions have them: at most a sentence each.
fn sentences(text: &str) -> Vec<String> {
    let mut lines: Vec<Vec<&str>> = Vec::new();
    let mut open = false;
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| open && line.len() < LINE_WORDS_MAX) {
            Some(line) => line.push(word),
            None => lines.push(vec![word]),
        }
        open = !word.ends_with(['.', '?', '!']);
    }
    lines.into_iter().map(|line| line.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }

    #[test]
    fn collections_are_found_below_a_folder_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let wings = folder.path().join("all/wings");
        write(
            &wings,
            "corpus.jsonl",
            "{\"_id\": \"1\", \"title\": \"wings\", \"text\": \"A wing . It flies .\"}\n{\"_id\": \"2\", \"title\": \"\", \"text\": \"\"}\n",
        );
        write(
            &wings,
            "queries.jsonl",
            "{\"_id\": \"q\", \"text\": \"wing\"}\n{\"_id\": \"r\", \"text\": \"none\"}\n",
        );
        write(&wings, "qrels.tsv", "query-id\tcorpus-id\tscore\nq\t1\t2\nq\t2\t-1\nr\t1\t0\n");
        write(&folder.path().join("notes"), "corpus.jsonl", "");
        let sources = find(folder.path()).unwrap();
        assert_eq!(sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["wings"]);
        let corpus = sources[0].read().unwrap();
        assert_eq!((corpus.videos.len(), corpus.questions.len(), corpus.empty), (1, 1, 1));
        assert_eq!(corpus.videos[0].lines[1].text, "It flies .");
        assert_eq!(corpus.questions[0].relevant, HashMap::from([("1".to_owned(), 2)]));
        assert_eq!(corpus.units[0].end_ms, corpus.videos[0].lines[1].end_ms);
    }

    #[test]
    fn turns_become_meetings_whose_passages_are_judged() {
        let folder = tempfile::tempdir().unwrap();
        let talks = folder.path().join("talks");
        let long = "word ".repeat(200);
        let turn = |id: &str, text: &str| {
            format!(
                "{{\"_id\": \"{id}\", \"meeting\": \"m\", \"turn\": 0, \"speaker\": \"Ana\", \"text\": \"{text}\"}}\n"
            )
        };
        write(
            &talks,
            "corpus_val.jsonl",
            &[turn("m#0", "Hello ."), turn("m#1", &long), turn("m#2", "Bye .")].concat(),
        );
        write(
            &talks,
            "queries_val.jsonl",
            "{\"_id\": \"q\", \"meeting\": \"m\", \"text\": \"How does it end?\"}\n",
        );
        write(&talks, "qrels_val.tsv", "query-id\tcorpus-id\tscore\nq\tm#2\t1\n");
        let corpus = find(folder.path()).unwrap()[0].read().unwrap();
        assert_eq!((corpus.name.as_str(), corpus.videos.len(), corpus.units.len()), ("talks", 1, 2));
        assert!(corpus.units[0].text.starts_with("Ana: Hello . Ana: word"));
        assert_eq!(corpus.units[1].start_ms, corpus.videos[0].lines[2].start_ms);
        assert_eq!(corpus.questions[0].relevant, HashMap::from([("m|1".to_owned(), 1)]));
        assert_eq!(corpus.questions[0].video, Some(0));
    }

    #[test]
    fn a_text_without_sentences_is_still_cut_into_lines() {
        assert_eq!(sentences(&"word ".repeat(90)).len(), 3);
        assert_eq!(sentences("One. Two? three"), ["One.", "Two?", "three"]);
    }
}
