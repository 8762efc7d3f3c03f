//! A project in a folder of its own, which goes when it is dropped.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{self, Command},
};

/// A project that depends on some crates and uses none of them.
pub struct Project {
    folder: PathBuf,
}

impl Project {
    /// Makes a project.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn make(dependencies: &[&str]) -> Result<Self, String> {
        let folder = env::temp_dir().join(format!("peers-weight-{}", process::id()));
        let project = Self { folder };
        project
            .write(dependencies)
            .map_err(|error| error.to_string())?;
        Ok(project)
    }

    fn write(&self, dependencies: &[&str]) -> io::Result<()> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let crates = here.join("../../crates").canonicalize()?;
        let dependencies = dependencies.join("\n");
        let dependencies = dependencies.replace("CRATES", &crates.to_string_lossy());
        let manifest = format!(
            "[package]\nname = \"weighed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [workspace]\n\n[dependencies]\n{dependencies}\n"
        );
        fs::create_dir_all(self.folder.join("src"))?;
        fs::write(self.folder.join("Cargo.toml"), manifest)?;
        fs::write(self.folder.join("src/lib.rs"), "")?;
        fs::copy(here.join("Cargo.lock"), self.folder.join("Cargo.lock")).map(drop)
    }

    /// Runs cargo in it and returns what it printed.
    ///
    /// # Errors
    ///
    /// That cargo cannot be run, and the end of what it complained about.
    pub fn cargo(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            // One build must not profit from another, nor be slowed by what only developers need.
            .env_remove("RUSTC_WRAPPER")
            .env_remove("RUSTFLAGS")
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(complaint
            .lines()
            .last()
            .unwrap_or("cargo failed")
            .to_owned())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // What is left lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
