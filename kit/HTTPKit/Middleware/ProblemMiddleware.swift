import Hummingbird
import Logging

/// Turns whatever a handler throws into the answer: a problem document, or a page for a browser.
///
/// It is the only place that does; a 5xx is logged with its cause, which the client is not told.
struct ProblemMiddleware: RouterMiddleware {
    let pages: PageRenderer?

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch is SignInRequired {
            return Redirect.toSignIn(from: request)
        } catch {
            let problem = Problem(cause: error) ?? Problem(.internalServerError, "This is our fault; it is logged.")
            log(error, problem, context)
            if let pages, request.prefersHTML {
                return pages.response(to: problem, request: request, requestID: context.requestID)
            }
            return problem.response(instance: request.uri.path, requestID: context.requestID)
        }
    }

    private func log(_ error: any Error, _ problem: Problem, _ context: AppRequestContext) {
        let route: Logger.MetadataValue = "\(context.endpointPath ?? "NotFound")"
        switch problem.status.code {
        case 503: context.logger.warning("unavailable", error: error, metadata: ["route": route])
        case 500...: context.logger.error("failed", error: error, metadata: ["route": route])
        default: context.logger.debug("refused", error: error, metadata: ["route": route])
        }
    }
}

extension Request {
    /// Whether it is made by a browser that shows the answer as a page.
    var prefersHTML: Bool {
        headers[.accept]?.contains("text/html") == true && !uri.path.hasPrefix("/api/")
    }
}
