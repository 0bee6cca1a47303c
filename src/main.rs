//! Arguments -> settings -> run.

fn main() -> std::process::ExitCode {
    placement_hub::cli::main()
}
