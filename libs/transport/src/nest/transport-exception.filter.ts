import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';

/**
 * Lets the transport see what a handler threw. (Nest's default filter would replace it with "Internal server error", and the dead letter
 * would not know its reason.) Applies to messages only; HTTP requests fall through to the filters behind it.
 */
@Catch()
export class TransportExceptionFilter implements ExceptionFilter {
  catch(exception: unknown, host: ArgumentsHost): Observable<never> {
    if (host.getType() !== 'rpc') throw exception;
    return throwError(() => (exception instanceof RpcException ? exception.getError() : exception));
  }
}
