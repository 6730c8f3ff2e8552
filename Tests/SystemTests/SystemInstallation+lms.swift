import LocalStack

extension SystemInstallation {
    /// Starts the command that an operator types; what it prints goes to `log`.
    func lms(_ arguments: [String], log: String) async throws -> ChildProcess {
        try await ChildProcess.start(
            Command(
                Self.binaries + "/lms", arguments,
                environment: [
                    "PATH": "/usr/bin:/bin", "LMS_ADMIN_DATABASE_URL": stack.installation.administrator.url,
                    "LMS_REDIS_URL": stack.installation.redisURL, "LMS_SECRET_KEY": stack.installation.secretKey,
                ], log: log))
    }

    /// Runs the command to its end.
    func lms(_ arguments: String...) async throws -> ExitStatus {
        try await lms(arguments, log: stack.folder.log("lms")).waitForExit()
    }
}
