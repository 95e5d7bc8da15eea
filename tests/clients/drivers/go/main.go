// Asks a server for its models and for one message, as whom the environment and the profiles say; prints what came.
// It is built on the SDK that `ant` is built on, so it finds and refreshes credentials as that does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := anthropic.NewClient()
	told := map[string]any{}
	var answer *http.Response
	models, err := client.Models.List(ctx, anthropic.ModelListParams{}, option.WithResponseInto(&answer))
	if err == nil {
		names := []string{}
		for _, model := range models.Data {
			names = append(names, model.ID)
		}
		told["models"] = names
		told["organization"] = answer.Header.Get("anthropic-organization-id")
		told["workspace"] = answer.Header.Get("anthropic-workspace-id")
		var message *anthropic.Message
		message, err = client.Messages.New(ctx, anthropic.MessageNewParams{
			Model:     "sim-1",
			MaxTokens: 100,
			Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("What is 17 × 3?"))},
		})
		if err == nil {
			told["text"] = message.Content[0].Text
		}
	}
	if err != nil {
		told["error"] = err.Error()
		var refused *anthropic.Error
		if errors.As(err, &refused) {
			told["status"] = refused.StatusCode
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
