import { HttpErrorResponse } from '@angular/common/http';

/** Words for an answer of the API that is none. */
export function refusal(error: Error): string {
  switch (error instanceof HttpErrorResponse ? error.status : 0) {
    case 401:
      return 'Sign in first: the API wants to know who asks.';
    case 403:
      return 'You are signed in, but this is not for you.';
    default:
      return 'The API gave no answer. Are you offline, or is it?';
  }
}
