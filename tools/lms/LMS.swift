import ArgumentParser

/// The command line of LMS Core.
@main
struct LMS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lms", abstract: "Runs, migrates, checks and tries out LMS Core.",
        subcommands: [
            Up.self, Migrate.self, Seed.self, Events.self, Simulate.self, Token.self, Keys.self, Admin.self,
            Doctor.self,
        ])
}
