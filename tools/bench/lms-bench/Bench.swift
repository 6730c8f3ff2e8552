import ArgumentParser

/// Measures what cannot be measured from outside a process, and is a load and a service where there is no program for it.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lms-bench", abstract: "Measures parts of the kit; `make bench` runs it.",
        subcommands: [SelectRate.self, Echo.self, EchoLoad.self])
}
