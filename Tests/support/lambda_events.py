"""Events as AWS's documentation shows them: HTTP API (payload 2.0), REST API (1.0), function URL."""

import base64
import json


def http_api(method="POST", path="/predict", body=None, headers=None, encode=True, stage="$default"):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    raw_path = path if stage == "$default" else f"/{stage}{path}"
    event = {
        "version": "2.0", "routeKey": "$default", "rawPath": raw_path,
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "headers": {"header1": "value1", "header2": "value1,value2", **(headers or {})},
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "api-id",
            "authentication": {"clientCert": {
                "clientCertPem": "CERT_CONTENT", "subjectDN": "www.example.com", "issuerDN": "Example issuer",
                "serialNumber": "a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1",
                "validity": {"notBefore": "May 28 12:30:02 2019 GMT", "notAfter": "Aug  5 09:36:04 2021 GMT"}}},
            "authorizer": {"jwt": {"claims": {"claim1": "value1", "claim2": "value2"}, "scopes": ["scope1", "scope2"]}},
            "domainName": "id.execute-api.us-east-1.amazonaws.com", "domainPrefix": "id",
            "http": {"method": method, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                     "userAgent": "agent"},
            "requestId": "id", "routeKey": "$default", "stage": stage, "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390},
        "pathParameters": {"parameter1": "value1"}, "stageVariables": {"stageVariable1": "value1"},
        **wrapped(body, encode)}
    return json.dumps(event).encode()


def function_url(method="POST", path="/predict", body=None, headers=None, encode=True):
    """https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html"""
    event = {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"x-amzn-trace-id": "Root=1-5e6722a7", "host": "abc.lambda-url.us-east-1.on.aws", **(headers or {})},
        "requestContext": {
            "accountId": "anonymous", "apiId": "abc", "domainName": "abc.lambda-url.us-east-1.on.aws",
            "domainPrefix": "abc",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                     "userAgent": "agent"},
            "requestId": "id", "routeKey": "$default", "stage": "$default", "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390},
        **wrapped(body, encode)}
    return json.dumps(event).encode()


def rest_api(method="POST", path="/predict", body=None, headers=None, encode=True):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    headers = headers or {}
    event = {
        "resource": "/{proxy+}", "path": path, "httpMethod": method,
        "headers": {"Header1": "value1", "Header2": "value2", **headers},
        "multiValueHeaders": {"Header1": ["value1"], "Header2": ["value1", "value2"],
                              **{name: [value] for name, value in headers.items()}},
        "queryStringParameters": None, "multiValueQueryStringParameters": None,
        "requestContext": {
            "accountId": "123456789012", "apiId": "id", "authorizer": {"claims": None, "scopes": None},
            "domainName": "id.execute-api.us-east-1.amazonaws.com", "domainPrefix": "id",
            "extendedRequestId": "request-id", "httpMethod": method,
            "identity": {"accessKey": None, "sourceIp": "192.0.2.1", "user": None, "userAgent": "user-agent"},
            "path": f"/prod{path}", "protocol": "HTTP/1.1", "requestId": "id=", "requestTime": "04/Mar/2020:19:15:17",
            "requestTimeEpoch": 1583349317135, "resourceId": None, "resourcePath": "/{proxy+}", "stage": "prod"},
        "pathParameters": None, "stageVariables": None,
        **wrapped(body, encode)}
    return json.dumps(event).encode()


def wrapped(body, encode):
    if body is None:
        return {"body": None, "isBase64Encoded": False}
    if encode:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return {"body": body.decode(), "isBase64Encoded": False}


def form(*parts, boundary="----WebKitFormBoundary7MA4YWxkTrZu0gW"):
    """A multipart/form-data body and its content type; parts are (name, file name or None, type or None, bytes)."""
    body = b""
    for name, filename, type, data in parts:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        body += f'; filename="{filename}"'.encode() if filename is not None else b""
        body += f"\r\nContent-Type: {type}".encode() if type else b""
        body += b"\r\n\r\n" + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
