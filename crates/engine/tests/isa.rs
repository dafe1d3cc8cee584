//! Choice of the instruction set.

use std::{env, process::Command};

use dabnet_engine::Isa;

/// Prints the choice for [`environment_chooses`], which runs it with other environments.
#[test]
fn choice() {
    match Isa::select() {
        Ok(isa) => println!("chose {isa}."),
        Err(error) => println!("{error}."),
    }
}

fn chosen(variable: Option<&str>) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "choice", "--nocapture"]).env_remove("DABNET_ISA");
    command.envs(variable.map(|isa| ("DABNET_ISA", isa)));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "one process cannot start another")]
fn environment_chooses() {
    let best = Isa::supported().last().unwrap();
    assert!(chosen(None).contains(&format!("chose {best}.")));
    for isa in Isa::ALL {
        let text = chosen(Some(isa.name()));
        let expected = if isa.is_supported() { format!("chose {isa}.") } else { format!("'{isa}'") };
        assert!(text.contains(&expected), "{text}");
    }
    let text = chosen(Some("mmx"));
    assert!(text.contains("'mmx'") && text.contains("supports scalar"), "{text}");
}
