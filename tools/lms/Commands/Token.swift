import ArgumentParser

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Signs in and prints an access token.",
        discussion: "For use in scripts: curl -H \"Authorization: Bearer $(lms token)\" …")

    @OptionGroup var access: AccessOptions

    func run() async throws {
        print(try await access.signIn(access.client).accessToken)
    }
}
